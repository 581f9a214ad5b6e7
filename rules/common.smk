"""Checks the config, and gives the rules their inputs and settings."""

import functools
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

from deepfake.config import BadConfig, archive_paths, as_param, check_config
from deepfake.config import dataset_section, faces_section, frames_section, image_sections, index_section
from deepfake.config import label_paths
from deepfake.imports import code_digest
from deepfake.corpora.sources import fingerprint

fingerprint = functools.cache(fingerprint)

try:
    check_config(config, yaml.safe_load(Path(workflow.basedir, "rules/config.schema.yaml").read_text()))
except BadConfig as error:
    raise WorkflowError(str(error)) from None


def growing(amount):
    """So many MB or minutes for a job, and as many more each time that it is tried again."""
    return lambda w, attempt: amount * attempt


def is_ours(corpus):
    """Whether the workflow makes or downloads the corpus's archive itself."""
    return bool(config["corpora"][corpus].get("demo") or config["corpora"][corpus].get("kaggle"))


def sources(w):
    """The archives or the folder of a corpus; a user's own are judged by `contents`, not by their times."""
    if is_ours(w.corpus):
        return f"resources/{w.corpus}/{'demo' if config['corpora'][w.corpus].get('demo') else 'download'}.zip"
    return [ancient(path) for path in archive_paths(config["corpora"][w.corpus])]


def label_files(w):
    """The label files of a corpus that lie elsewhere; they are small, and judged by what they say."""
    try:
        return label_paths(config, w.corpus)
    except BadConfig as error:
        raise WorkflowError(str(error)) from None


def code(script):
    """A digest of a script and all of ours that it imports: an edit of one of them makes its steps stale."""
    return code_digest(Path(workflow.basedir, "scripts", script))


def contents(w):
    """What a user's own archives or folder hold; the rule that makes ours tells when those change."""
    return "" if is_ours(w.corpus) else fingerprint(tuple(archive_paths(config["corpora"][w.corpus])))


def index(corpus):
    """The folder of a corpus's index, once it is made."""
    return checkpoints.index.get(corpus=corpus).output.tables


def shard_table(w):
    """The table of the videos of one shard."""
    return f"{index(w.corpus)}/{w.shard}.csv"


def shards(corpus):
    """The names of a corpus's shards, once its index is made."""
    return sorted(path.stem for path in Path(index(corpus)).glob("*.csv") if path.stem != "videos")


def of_videos(w, path):
    """A path that only a shard of videos needs: stills, and tars of stills, are read where they lie."""
    stills = w.shard.startswith(("images_", "sequences_"))
    return [] if stills else path.format(corpus=w.corpus, shard=w.shard)


def sampling(w):
    """The settings by which stills are taken from tars of stills; other shards don't depend on them."""
    return as_param(frames_section(config, w.corpus) if w.shard.startswith("sequences_") else {})


def frames_are_kept(corpus):
    """Whether a corpus's frames stay: where the config says so, or a dataset is made of them."""
    of_frames = [d for d in config["datasets"].values() if d["images"] == "frames"]
    return config["keep_frames"] or any(corpus in d["corpora"] for d in of_frames)


def video_tables(w):
    """The tables of all videos of a dataset's corpora."""
    return [f"{index(corpus)}/videos.csv" for corpus in config["datasets"][w.dataset]["corpora"]]


def image_files(w, ending):
    """The tables (csv) or tars of a dataset's images, of all shards of its corpora."""
    cfg = config["datasets"][w.dataset]
    return [f"results/{cfg['images']}/{c}/{s}.{ending}" for c in cfg["corpora"] for s in shards(c)]


def image_tars(w):
    """The tars that a planned dataset is taken from; the plan carries each image's checksum and decides."""
    return ancient(image_files(w, "tar"))


def plan(dataset):
    """The outputs of a dataset's plan, once it is made."""
    return checkpoints.plan.get(dataset=dataset).output


def same_identity(w):
    """The table of videos or people known to be the same, where a dataset names one."""
    return config["datasets"][w.dataset]["same_identity"] or []
