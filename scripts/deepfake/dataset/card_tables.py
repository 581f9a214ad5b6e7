"""The tables of a dataset's card: numbers of videos and images, in Markdown."""

import pandas as pd

from deepfake.markdown import table_cell
from deepfake.tables import CLASSES, SPLITS

MAX_VALUES = 12  # of an attribute; more are counted in tens, or as "others"


def markdown_table(head: list[str], rows: list) -> str:
    """Return a Markdown table; in its cells no text of a corpus is markup."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(table_cell(cell) for cell in line) + " |" for line in lines)


def count_by_split_and_class(summary: dict) -> str:
    """Return a table of videos, images and MB; `summary` is that of the plan."""
    rows = [
        (split, label, n["videos"], n["images"], f"{n['bytes'] / 1e6:.1f}")
        for split, classes in summary["splits"].items()
        for label, n in classes.items()
    ]
    return markdown_table(["split", "class", "videos", "images", "MB"], rows)


def count_by_method(rows: pd.DataFrame) -> str:
    """Return a table of the images of each corpus, class and manipulation method in each split."""
    named = rows.assign(
        label=rows["label"].map(CLASSES), method=rows["method"].replace("", "(none named)")
    ).rename(columns={"label": "class"})
    return _count(named, ["corpus", "class", "method"])


def count_by_attribute(metadata: pd.DataFrame, attributes: list[str]) -> str:
    """Return a table of the images of each value of each attribute, a column of `metadata`, in each split."""
    parts = [
        pd.DataFrame({"attribute": name, "value": _merge_values(metadata[name]), "split": metadata["split"]})
        for name in attributes
    ]
    return _count(pd.concat(parts), ["attribute", "value"])


def _count(rows: pd.DataFrame, keys: list[str]) -> str:
    counts = rows.groupby([*keys, "split"]).size().unstack(fill_value=0)
    splits = [split for split in SPLITS if split in counts]
    return markdown_table([*keys, *splits], counts[splits].reset_index().to_numpy().tolist())


def _merge_values(values: pd.Series) -> pd.Series:
    """Return `values` with many numbers replaced by tens, and rare ones of many texts by one value."""
    named = values.replace("", "(not told)")
    known = values[values != ""]
    if known.nunique() <= MAX_VALUES:
        return named
    numbers = pd.to_numeric(known, errors="coerce")
    if numbers.notna().all():
        tens = (numbers // 10 * 10).astype("int64")
        digits = len(str(tens.max()))  # as many for all, so that they sort as numbers
        named[known.index] = [f"{ten:0{digits}d} to {ten + 9:0{digits}d}" for ten in tens]
        return named
    common = known.value_counts(sort=True).sort_index(kind="stable").nlargest(MAX_VALUES).index
    return named.where(values.isin(common) | (values == ""), f"({known.nunique() - MAX_VALUES} others)")
