"""The tables of a dataset's card: what is in each split, in numbers."""

import pandas as pd

from deepfake.tables import CLASSES

MANY = 12  # values of an attribute; more of them are told in bands or by the most frequent


def table(head: list[str], rows: list) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def by_split_and_class(facts: dict) -> str:
    """Videos, images and MB; `facts` as kept.plan_summary gives them."""
    rows = [
        (split, label, n["videos"], n["images"], f"{n['bytes'] / 1e6:.1f}")
        for split, classes in facts["splits"].items()
        for label, n in classes.items()
    ]
    return table(["split", "class", "videos", "images", "MB"], rows)


def by_method(kept: pd.DataFrame) -> str:
    """Images of each corpus, class and manipulation method in each split."""
    named = kept.assign(
        label=kept["label"].map(CLASSES), method=kept["method"].replace("", "(none named)")
    ).rename(columns={"label": "class"})
    return _spread(named, ["corpus", "class", "method"])


def by_attribute(metadata: pd.DataFrame, attributes: list[str]) -> str:
    """Images of each value of each attribute, a column of metadata.metadata_table's, in each split."""
    parts = [
        pd.DataFrame({"attribute": name, "value": _grouped(metadata[name]), "split": metadata["split"]})
        for name in attributes
    ]
    return _spread(pd.concat(parts), ["attribute", "value"])


def _spread(rows: pd.DataFrame, keys: list[str]) -> str:
    counts = rows.groupby([*keys, "split"]).size().unstack(fill_value=0)
    splits = [split for split in ("train", "val", "test") if split in counts]
    return table([*keys, *splits], counts[splits].reset_index().to_numpy().tolist())


def _grouped(values: pd.Series) -> pd.Series:
    """`values` with no more than can be read: of many numbers tens, of many words the commonest."""
    named = values.replace("", "(not told)")
    told = values[values != ""]
    if told.nunique() <= MANY:
        return named
    numbers = pd.to_numeric(told, errors="coerce")
    if numbers.notna().all():
        tens = (numbers // 10 * 10).astype("int64")
        digits = len(str(tens.max()))  # the same for all, so that they sort
        named[told.index] = [f"{ten:0{digits}d} to {ten + 9:0{digits}d}" for ten in tens]
        return named
    common = told.value_counts(sort=True).sort_index(kind="stable").nlargest(MANY).index
    return named.where(values.isin(common) | (values == ""), f"({told.nunique() - MANY} others)")


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
