"""Exports of a finished dataset to other formats.

To add one, write a file with an `export` function, and name it in EXPORTS and in the Snakefile's constraint
of `form`. Settings, if it has any, go to `exports` in config.yaml and in its schema.
"""

from deepfake.exports import deepfakebench, dfd, labels, parquet, webdataset

EXPORTS = {
    "webdataset": webdataset.export,
    "labels": labels.export,
    "dfd": dfd.export,
    "parquet": parquet.export,
    "deepfakebench": deepfakebench.export,
}
"""From a format's name to a function `export(dataset, output, cfg)`.

`dataset` is the dataset's folder, `output` an empty folder to write to, and `cfg` the format's section of
`exports` in the config ({} if it has none). It reads with `dataset.read`, which raises InvalidDataset if
the dataset is not what its metadata.csv says.
"""
