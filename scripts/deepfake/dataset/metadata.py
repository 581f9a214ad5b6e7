"""The table that a dataset carries of its images: the common columns, and what corpora say beyond them."""

import pandas as pd

from deepfake.plan.strata import attribute_table

METADATA = "file_name label corpus video frame method target source original group split sha256 phash".split()
TAKEN = {*METADATA, "image"}  # by `image` loaders call the picture itself


def metadata_table(kept: pd.DataFrame) -> pd.DataFrame:
    """METADATA, then a column of text for each attribute; a row for each of `kept`, ordered by `file_name`.

    `kept` has rows of tables.PLAN; its column `attributes` holds JSON objects or "", and may be absent. A key
    that is one of the names TAKEN is led by `attribute_`; a row without the key has "".
    """
    kept = kept.sort_values("file_name", ignore_index=True)
    return pd.concat([kept[METADATA], _attributes(kept)], axis=1)


def _attributes(kept: pd.DataFrame) -> pd.DataFrame:
    table = attribute_table(kept.get("attributes", pd.Series("", index=kept.index)))
    return table.rename(columns=lambda key: f"attribute_{key}" if key in TAKEN else key).sort_index(axis=1)
