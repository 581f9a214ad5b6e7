"""Columns by which a dataset is stratified: their values, and how evenly the splits hold them."""

import json

import pandas as pd

from deepfake.errors import UserError

OWN = ("corpus", "method", "class")


def attribute_table(attributes: pd.Series) -> pd.DataFrame:
    """From JSON objects, or "", a column for each name in them, with "" where a row has none."""
    texts = attributes.fillna("").astype(str)
    parsed = {text: json.loads(text) if text else {} for text in texts.unique()}
    names = sorted({name for values in parsed.values() for name in values})
    columns = {
        name: texts.map({text: _text(known.get(name)) for text, known in parsed.items()}) for name in names
    }
    return pd.DataFrame(columns, index=attributes.index, dtype=str)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def values(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The wanted columns of a table of videos or images, its own (OWN) or from its attributes.

    Raises UserError.
    """
    known = attribute_table(table["attributes"])
    unknown = [name for name in columns if name not in OWN and name not in known]
    if unknown:
        there = ", ".join([*OWN, *known])
        raise UserError(f"stratify: {unknown} can't be used, no corpus has it; write some of {there}")
    return pd.DataFrame({name: table[name] if name in OWN else known[name] for name in columns})


def shares(kept: pd.DataFrame, columns: list[str]) -> dict[str, dict]:
    """For each column the share that each value has of each split's images, and the furthest that one is from
    its share of the whole.

    `kept` has the columns split, class and attributes, and a row an image; shares are from 0 to 1.
    """
    result = {}
    for name, column in values(kept, columns).items():
        table = pd.crosstab(column, kept["split"])
        table, whole = table / table.sum(), table.sum(axis=1) / table.to_numpy().sum()
        result[name] = {
            "largest_deviation": round(float(table.sub(whole, axis=0).abs().max(axis=None)), 4),
            "values": {
                str(value): {split: round(float(share), 4) for split, share in row.items()}
                for value, row in table.iterrows()
            },
        }
    return result
