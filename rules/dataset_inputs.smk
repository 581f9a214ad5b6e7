"""Input functions and settings of the rules of datasets."""

from deepfake.config.sections import dataset_section, image_sections
from deepfake.config.sources import check_dataset


def is_indexed(corpus):
    """Whether a corpus has an index; with results in remote storage this is taken for granted."""
    return (
        bool(workflow.storage_settings.default_storage_provider) or Path(f"results/index/{corpus}").exists()
    )


def video_tables(w):
    """The tables of all videos of a dataset's corpora; for a corpus without an index, what `index` will make.

    Snakemake overlooks a changed list of inputs if one of them waits for a checkpoint.
    """
    require(check_dataset, w.dataset)
    corpora = config["datasets"][w.dataset]["corpora"]
    return [f"{index_folder(c)}/videos.csv" if is_indexed(c) else f"results/index/{c}.txt" for c in corpora]


def image_files(w, ending):
    """The tables (csv) or tars of a dataset's images: all shards of its corpora that have an index."""
    cfg = config["datasets"][w.dataset]
    corpora = [corpus for corpus in cfg["corpora"] if is_indexed(corpus)]
    return [f"results/{cfg['images']}/{c}/{s}.{ending}" for c in corpora for s in shard_names(c)]


def image_tars(w):
    """The tars that a dataset's images are read from. The plan has each image's checksum, so it decides."""
    return ancient(image_files(w, "tar"))


def plan_of(dataset):
    """The outputs of a dataset's plan, after the checkpoint has run."""
    return checkpoints.plan.get(dataset=dataset).output


def same_identity_table(w):
    """The table of videos or people known to be the same, if a dataset names one."""
    return [local(path) for path in [config["datasets"][w.dataset]["same_identity"]] if path]
