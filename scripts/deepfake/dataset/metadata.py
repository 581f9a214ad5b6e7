"""metadata.csv, the table of a dataset's images: tables.METADATA, and the corpora's own attributes."""

import json
from pathlib import PurePosixPath

import pandas as pd

from deepfake.plan.strata import attribute_table
from deepfake.tables import MASK, METADATA

RESERVED = {*METADATA, MASK, "image"}
"""Names that no attribute may have; loaders of datasets call the image itself `image`."""


def metadata_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return METADATA, MASK where there are masks, and a column of text for each attribute.

    They are ordered by `file_name`.
    `rows` are those of tables.PLAN for the dataset's images. Their column `attributes` holds JSON objects or
    "", and may be missing. An attribute with a name in RESERVED gets the prefix `attribute_`. Where an image
    lacks an attribute, the value is "".
    """
    rows = rows.sort_values("file_name", ignore_index=True)
    masks = mask_names(rows)
    columns = [rows[METADATA], *([masks] if masks.any() else []), _attribute_columns(rows)]
    return pd.concat(columns, axis=1)


def attribute_texts(metadata: pd.DataFrame) -> pd.Series:
    """Return the attributes of each row of metadata.csv as a JSON object, "" where it has none."""
    names = sorted(name for name in metadata if name not in RESERVED)
    if not names:
        return pd.Series("", index=metadata.index)
    known = metadata[names].drop_duplicates()
    values = [{name: value for name, value in row.items() if value} for row in known.to_dict("records")]
    texts = [json.dumps(row, sort_keys=True, ensure_ascii=False) if row else "" for row in values]
    return (
        metadata[names].merge(known.assign(text=texts), how="left", on=names)["text"].set_axis(metadata.index)
    )


def mask_names(rows: pd.DataFrame) -> pd.Series:
    """Return the path of each image's mask in the dataset, as MASK; "" for an image without one."""
    stems = rows["file_name"].str.split("/").map(lambda parts: PurePosixPath(parts[-1]).stem)
    names = "masks/" + rows["split"] + "/" + stems + ".png"
    return names.where(rows.get(MASK, pd.Series("", index=rows.index)) != "", "").rename(MASK)


def _attribute_columns(rows: pd.DataFrame) -> pd.DataFrame:
    table = attribute_table(rows.get("attributes", pd.Series("", index=rows.index)))
    return table.rename(columns=lambda key: f"attribute_{key}" if key in RESERVED else key).sort_index(axis=1)
