"""Gives the rules from archives to faces their inputs and settings."""

import functools

from deepfake.config.check import archive_paths, faces_section, frames_section, index_section, label_paths
from deepfake.corpora.sources import fingerprint

fingerprint = functools.cache(fingerprint)


def is_ours(corpus):
    """Whether the workflow makes or downloads the corpus's archive itself."""
    return bool(config["corpora"][corpus].get("demo") or config["corpora"][corpus].get("kaggle"))


def sources(w):
    """The archives or the folder of a corpus; a user's own are judged by `contents`, not by their times."""
    if is_ours(w.corpus):
        return f"resources/{w.corpus}/{'demo' if config['corpora'][w.corpus].get('demo') else 'download'}.zip"
    return [local(ancient(path)) for path in archive_paths(config["corpora"][w.corpus])]


def label_files(w):
    """The label files of a corpus that lie elsewhere; they are small, and judged by what they say."""
    try:
        return [local(path) for path in label_paths(config, w.corpus)]
    except BadConfig as error:
        raise WorkflowError(str(error)) from None


def contents(w):
    """What a user's own archives or folder hold; the rule that makes ours tells when those change."""
    return "" if is_ours(w.corpus) else fingerprint(tuple(archive_paths(config["corpora"][w.corpus])))


def index(corpus):
    """The folder of a corpus's index, once it is made."""
    checkpoints.index.get(corpus=corpus)
    return f"results/index/{corpus}"


def shard_table(w):
    """The table of the videos of one shard."""
    return f"{index(w.corpus)}/{w.shard}.csv"


def shards(corpus):
    """The names of a corpus's shards, once its index is made; `open` fetches the list from a storage."""
    with checkpoints.index.get(corpus=corpus).output.shards.open() as names:
        return names.read().split()


def where(w):
    """Where a corpus lies, as its index has it; what matters of it stands in the shard's table."""
    return ancient(f"{index(w.corpus)}/sources.json")


def our_archive(w):
    """The archive that the workflow makes or downloads itself; a storage must hand it out to be read."""
    return ancient(sources(w)) if is_ours(w.corpus) else []


def is_of_stills(w):
    """Whether a shard is of stills, or of tars of stills, which are read where they lie."""
    return w.shard.startswith(("images_", "sequences_"))


def of_videos(w, path):
    """A path that only a shard of videos needs."""
    return [] if is_of_stills(w) else path.format(corpus=w.corpus, shard=w.shard)


def sampling(w):
    """The settings by which stills are taken from tars of stills; other shards don't depend on them."""
    return as_param(frames_section(config, w.corpus) if w.shard.startswith("sequences_") else {})


def frames_are_kept(corpus):
    """Whether a corpus's frames stay: where the config says so, or a dataset is made of them."""
    of_frames = [d for d in config["datasets"].values() if d["images"] == "frames"]
    return config["keep_frames"] or any(corpus in d["corpora"] for d in of_frames)
