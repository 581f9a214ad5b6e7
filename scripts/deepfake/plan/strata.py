"""Stratification: the values of the columns to stratify by, and how evenly the splits hold them."""

import json

import pandas as pd

from deepfake.errors import UserError

OWN_COLUMNS = ("corpus", "method", "class")
"""Columns to stratify by that every dataset has; others are attributes of a corpus."""


def attribute_table(attributes: pd.Series) -> pd.DataFrame:
    """Return a column for each name in a series of JSON objects, or "" for none.

    All values are text; "" if a row doesn't have the name, or has null.
    """
    texts = attributes.fillna("").astype(str)
    parsed = {text: json.loads(text) if text else {} for text in texts.unique()}
    names = sorted({name for values in parsed.values() for name in values})
    columns = {
        name: texts.map({text: _text(values.get(name)) for text, values in parsed.items()}) for name in names
    }
    return pd.DataFrame(columns, index=attributes.index, dtype=str)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def select_columns(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the given columns of a table of videos or images: its OWN_COLUMNS, or from its attributes.

    Raises UserError if no corpus has a column.
    """
    attributes = attribute_table(table["attributes"])
    unknown = [name for name in columns if name not in OWN_COLUMNS and name not in attributes]
    if unknown:
        known = ", ".join([*OWN_COLUMNS, *attributes])
        raise UserError(f"stratify: {unknown} can't be used, no corpus has it; write some of {known}")
    return pd.DataFrame({name: table[name] if name in OWN_COLUMNS else attributes[name] for name in columns})


def split_shares(images: pd.DataFrame, columns: list[str]) -> dict[str, dict]:
    """Return for each column the share of each value in each split, and the largest deviation.

    `images` has a row for each image of the dataset, with the columns split, class and attributes. Shares are
    from 0 to 1. `largest_deviation` is the largest difference between a value's share in one split and its
    share in the whole dataset.
    """
    result = {}
    for name, column in select_columns(images, columns).items():
        table = pd.crosstab(column, images["split"])
        table, whole = table / table.sum(), table.sum(axis=1) / table.to_numpy().sum()
        result[name] = {
            "largest_deviation": round(float(table.sub(whole, axis=0).abs().max(axis=None)), 4),
            "values": {
                str(value): {split: round(float(share), 4) for split, share in row.items()}
                for value, row in table.iterrows()
            },
        }
    return result
