"""metadata.csv, the table of a dataset's images: tables.METADATA, and the corpora's own attributes."""

import pandas as pd

from deepfake.plan.strata import attribute_table
from deepfake.tables import METADATA

RESERVED = {*METADATA, "image"}
"""Names that no attribute may have; loaders of datasets call the image itself `image`."""


def metadata_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return METADATA and a column of text for each attribute, ordered by `file_name`.

    `rows` are those of tables.PLAN for the dataset's images. Their column `attributes` holds JSON objects or
    "", and may be missing. An attribute with a name in RESERVED gets the prefix `attribute_`. Where an image
    lacks an attribute, the value is "".
    """
    rows = rows.sort_values("file_name", ignore_index=True)
    return pd.concat([rows[METADATA], _attribute_columns(rows)], axis=1)


def _attribute_columns(rows: pd.DataFrame) -> pd.DataFrame:
    table = attribute_table(rows.get("attributes", pd.Series("", index=rows.index)))
    return table.rename(columns=lambda key: f"attribute_{key}" if key in RESERVED else key).sort_index(axis=1)
