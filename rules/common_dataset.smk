"""Gives the rules of datasets their inputs and settings."""

from deepfake.config.check import dataset_section, image_sections


def is_indexed(corpus):
    """Whether a corpus has an index; where results lie in a storage nobody asks, and it counts as one that has."""
    return (
        bool(workflow.storage_settings.default_storage_provider) or Path(f"results/index/{corpus}").exists()
    )


def video_tables(w):
    """The tables of all videos of a dataset's corpora; of one without an index what the index will make.

    Snakemake overlooks a changed list of inputs where one of them waits for a checkpoint.
    """
    corpora = config["datasets"][w.dataset]["corpora"]
    return [f"{index(c)}/videos.csv" if is_indexed(c) else f"results/index/{c}.txt" for c in corpora]


def image_files(w, ending):
    """The tables (csv) or tars of a dataset's images, of all shards of its corpora that have an index."""
    cfg = config["datasets"][w.dataset]
    corpora = [corpus for corpus in cfg["corpora"] if is_indexed(corpus)]
    return [f"results/{cfg['images']}/{c}/{s}.{ending}" for c in corpora for s in shards(c)]


def image_tars(w):
    """The tars that a planned dataset is taken from; the plan carries each image's checksum and decides."""
    return ancient(image_files(w, "tar"))


def plan(dataset):
    """The outputs of a dataset's plan, once it is made."""
    return checkpoints.plan.get(dataset=dataset).output


def same_identity(w):
    """The table of videos or people known to be the same, where a dataset names one."""
    return [local(path) for path in [config["datasets"][w.dataset]["same_identity"]] if path]
