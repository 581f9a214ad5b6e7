"""The README.md of a dataset: what is in it, in what numbers, and how it was made."""

import json

import pandas as pd

from deepfake.kept import kept_facts


def card(name: str, kept: pd.DataFrame, cfg: dict) -> str:
    """Markdown with counts and sizes by split and class, and by corpus and method, of kept rows."""
    facts = kept_facts(kept)
    splits = [
        (split, label, n["videos"], n["images"], f"{n['bytes'] / 1e6:.1f}")
        for split, classes in facts["splits"].items()
        for label, n in classes.items()
    ]
    methods = kept.groupby(["corpus", "method", "split"]).size().unstack(fill_value=0).reset_index()
    methods["method"] = methods["method"].replace("", "(none named)")
    return f"""# {name}

{facts["images"]} images ({cfg["images"]}), {facts["bytes"] / 1e6:.1f} MB. Label 0 is real, 1 is fake.
No group of videos (an original and all that was made of it) stands in two splits.

{_table(["split", "class", "videos", "images", "MB"], splits)}

By corpus and manipulation method, in images:

{_table(list(methods.columns), methods.to_numpy().tolist())}

`metadata.csv` has a row for each image; `sha256sum -c SHA256SUMS` checks every file. Made with

    {json.dumps(cfg, sort_keys=True, ensure_ascii=False)}

The images belong to those who made the corpora; their terms hold for this dataset too.
"""


def _table(head: list[str], rows: list) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )
