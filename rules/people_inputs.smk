"""Input functions and settings of the rules of people."""

from deepfake.config.sections import embedded_corpora, people_section


def limits_of_crops(w, threads):
    """The limits of a process that embeds crops, as a param that makes no step stale: results don't depend on them."""
    return as_param(media_limits(config))


def embedding_files(w):
    """The tables and arrays of the faces of a dataset's corpora, where its plan goes by faces."""
    shards = [(c, s) for c in embedded_corpora(config, w.dataset) for s in shard_names(c)]
    return [f"results/people/{c}/{s}.{ending}" for c, s in shards for ending in ("csv", "npy")]


def kept_embeddings(path):
    """An output of `embeddings`, which is deleted after its last use if the config says so."""
    return path if config["people"]["keep"] else temp(path)
