"""Input functions and settings of the rules from archives to face crops."""

import functools

from snakemake.exceptions import IncompleteCheckpointException

from deepfake.config.paths import archive_paths, label_paths
from deepfake.config.sections import faces_section, frames_section, index_section, media_limits
from deepfake.config.sources import check_corpus, check_sheet
from deepfake.corpora.fingerprints import fingerprint
from deepfake.extraction.job_cores import job_cores

fingerprint = functools.cache(fingerprint)


def is_produced(corpus):
    """Whether the workflow itself makes or downloads the corpus's archive."""
    return bool(config["corpora"][corpus].get("demo") or config["corpora"][corpus].get("kaggle"))


def produced_path(corpus):
    """The archive of a corpus that the workflow itself makes or downloads."""
    return f"resources/{corpus}/{'demo' if config['corpora'][corpus].get('demo') else 'download'}.zip"


def corpus_sources(w):
    """The archives or the folder of a corpus. For a user's own, `sources_fingerprint` decides, not file times."""
    require(check_corpus, w.corpus)
    if is_produced(w.corpus):
        return produced_path(w.corpus)
    return [local(ancient(path)) for path in archive_paths(config["corpora"][w.corpus])]


def label_files(w):
    """The label files of a corpus outside its sources. They are small, so their checksums decide."""
    return [local(path) for path in label_paths(config["corpora"][w.corpus])]


def sources_fingerprint(w):
    """A fingerprint of what a user's own archives or folder contain; "" for an archive that a rule makes."""
    return "" if is_produced(w.corpus) else fingerprint(tuple(archive_paths(config["corpora"][w.corpus])))


def index_folder(corpus):
    """The folder of a corpus's index, after the checkpoint has run."""
    checkpoints.index.get(corpus=corpus)
    return f"results/index/{corpus}"


def shard_table(w):
    """The table of the videos of one shard."""
    return f"{index_folder(w.corpus)}/{w.shard}.csv"


def shard_names(corpus):
    """The names of a corpus's shards, after the index has run; `open` fetches the list from remote storage."""
    with checkpoints.index.get(corpus=corpus).output.shards.open() as names:
        return names.read().split()


def corpus_location(w):
    """The index's record of where a corpus is stored. The shard's table decides, so a move reruns nothing."""
    return ancient(f"{index_folder(w.corpus)}/sources.json")


def produced_archive(w):
    """The archive that a rule makes, as an input, so that remote storage is fetched; the table decides."""
    return ancient(corpus_sources(w)) if is_produced(w.corpus) else []


def are_stills(shard):
    """Whether a shard holds images, or tars or folders of them, which are read where they are."""
    return shard.startswith(("images_", "sequences_"))


def has_stills(w):
    """Whether the shard of a job holds stills."""
    return are_stills(w.shard)


def only_for_videos(w, path):
    """A path that only a shard of videos needs."""
    return [] if has_stills(w) else path.format(corpus=w.corpus, shard=w.shard)


def stills_sampling(w):
    """The settings by which images are sampled from tars and folders of them; other shards don't depend on them."""
    return as_param(frames_section(config, w.corpus) if w.shard.startswith("sequences_") else {})


def stills_limits(w):
    """The limits on a still. Frames of videos are within them already, and so don't depend on them."""
    return as_param(media_limits(config) if has_stills(w) else {})


def media_cores(w):
    """The cores of a job that reads a shard's videos, frames or stills. A job on a cluster computes them there again."""
    try:
        shards = len(shard_names(w.corpus)) or 1
    except IncompleteCheckpointException:
        return 1  # asked again once the index is there
    on_cluster = workflow.remote_exec or workflow.non_local_exec
    return job_cores(shards, None if on_cluster else workflow.resource_settings.cores, config["shard_size"])


def media_memory(w, threads, attempt):
    """The MB of such a job: if the first attempt fails, all that each of its workers may take."""
    return 500 + threads * (500 if attempt == 1 else int(1000 * config["limits"]["memory_gb"]))


def faces_memory(w, threads, attempt):
    """The MB of a job that finds faces: dlib's CNN takes up to 1100 more in each worker."""
    has_cnn = "mmod" in faces_section(config, w.corpus)["detector"]
    return media_memory(w, threads, attempt) + (1100 * threads if has_cnn else 0)


def keeps_frames(corpus):
    """Whether a corpus's frames are kept: the config says so, or a dataset consists of them."""
    of_frames = [d for d in config["datasets"].values() if d["images"] == "frames"]
    return config["keep_frames"] or any(corpus in d["corpora"] for d in of_frames)


def shards_of_sheet(w):
    """Up to four shards of a corpus, evenly spaced, which a sheet of its faces shows videos of."""
    names = shard_names(w.corpus)
    return [names[i * len(names) // min(4, len(names))] for i in range(min(4, len(names)))]


def tables_of_faces(w):
    """The tables of the shards that a sheet shows."""
    return [f"results/faces/{w.corpus}/{shard}.csv" for shard in shards_of_sheet(w)]


def frames_of_sheet(w, ending):
    """The tars or tables of their frames. Stills have none: they are read where they are."""
    require(check_sheet, w.corpus, keeps_frames(w.corpus))
    shards = [s for s in shards_of_sheet(w) if not are_stills(s)]
    return [f"results/frames/{w.corpus}/{shard}.{ending}" for shard in shards]
