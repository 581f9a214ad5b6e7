"""Input functions and settings of the rules of people."""

from deepfake.config.sections import corpora_with_faces, embedded_corpora, people_section


def limits_of_crops(w, threads):
    """The limits of a process that embeds crops, as a param that makes no step stale: results don't depend on them."""
    return as_param(media_limits(config))


def embedding_files(w):
    """The tables and arrays of the faces of a dataset's corpora, where its plan goes by faces."""
    return embeddings_of(embedded_corpora(config, w.dataset))


def embeddings_of_cross_datasets(w):
    """The tables and arrays of the faces of all datasets of evaluate.cross in which faces tell who is who."""
    return embeddings_of(
        sorted({c for dataset in cross_datasets() for c in corpora_with_faces(config, dataset)})
    )


def embeddings_of(corpora):
    """The tables and arrays of the faces of some corpora."""
    return [
        f"results/people/{c}/{s}.{ending}"
        for c in corpora
        for s in shard_names(c)
        for ending in ("csv", "npy")
    ]


def kept_embeddings(path):
    """An output of `embeddings`, which is deleted after its last use if the config says so."""
    return path if config["people"]["keep"] else temp(path)
