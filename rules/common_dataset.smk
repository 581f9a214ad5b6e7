"""Gives the rules of datasets their inputs and settings."""

from deepfake.config import dataset_section, image_sections


def video_tables(w):
    """The tables of all videos of a dataset's corpora."""
    return [f"{index(corpus)}/videos.csv" for corpus in config["datasets"][w.dataset]["corpora"]]


def image_files(w, ending):
    """The tables (csv) or tars of a dataset's images, of all shards of its corpora."""
    cfg = config["datasets"][w.dataset]
    return [f"results/{cfg['images']}/{c}/{s}.{ending}" for c in cfg["corpora"] for s in shards(c)]


def folder_of_results(files):
    """The folder that index, frames and faces lie in: results, or where Snakemake keeps what a storage holds."""
    return str(Path(files[0]).parent.parent.parent)


def image_tars(w):
    """The tars that a planned dataset is taken from; the plan carries each image's checksum and decides."""
    return ancient(image_files(w, "tar"))


def plan(dataset):
    """The outputs of a dataset's plan, once it is made."""
    return checkpoints.plan.get(dataset=dataset).output


def same_identity(w):
    """The table of videos or people known to be the same, where a dataset names one."""
    return [local(path) for path in [config["datasets"][w.dataset]["same_identity"]] if path]
