"""The forms that a finished dataset is exported to."""

from deepfake.exports import dfd, labels, parquet, webdataset

EXPORTS = {
    "webdataset": webdataset.export,
    "labels": labels.export,
    "dfd": dfd.export,
    "parquet": parquet.export,
}
"""From a form's name to a function of the dataset's folder, an empty folder to fill, and the form's settings.

Each raises finished.ChangedDataset where the dataset is not what its metadata.csv says.
"""
