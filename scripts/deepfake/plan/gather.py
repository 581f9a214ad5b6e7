"""Gather the tables of all images of a dataset's corpora into one."""

import io
from pathlib import Path

import pandas as pd

from deepfake import tables
from deepfake.errors import UserError

FAMILY_COLUMNS = ["target", "source", "original", "group"]
"""Columns whose names mean the same in every corpus of a family."""

FRAME_FAILURES = (tables.MISSING, tables.DAMAGED, tables.UNREADABLE)
"""Status values of the step `frames`; all others except OK are of the step `faces`."""


def gather(results: Path, families: dict[str, str], images: str) -> pd.DataFrame:
    """Return a row for each image of some corpora, and for each video without any, in tables.GATHERED.

    Rows are ordered by corpus, video and frame. `step` and `reason` say where and why a row was left out,
    and are "" for usable images. `results` is the folder with the tables of the steps before. `families` maps
    the corpora to read to their families. `images` is "faces" or "frames".

    Raises UserError if the tables of a corpus have different columns.
    """
    parts = [_gather_corpus(results, corpus, family, images) for corpus, family in families.items()]
    whole = pd.concat(parts, ignore_index=True)
    return whole.sort_values(["corpus", "video", "frame"], kind="stable", ignore_index=True)


def read_warning(index: Path) -> str:
    """Return the warning about labels in a corpus's index, the folder `index`; "" if there is none."""
    path = index / tables.WARNING_FILE
    return path.read_text(encoding="utf-8", errors="backslashreplace").strip() if path.exists() else ""


def _gather_corpus(results: Path, corpus: str, family: str, images: str) -> pd.DataFrame:
    videos = pd.read_csv(results / "index" / corpus / "videos.csv", **tables.AS_TEXT)
    families = videos.pop("family").replace("", family)
    for column in FAMILY_COLUMNS:
        videos[column] = (families + "/" + videos[column]).where(videos[column] != "", "")
    usable = videos[videos["reason"] == ""].drop(columns=["bytes", "reason"])
    unusable = videos[videos["reason"] != ""].drop(columns=["bytes"]).assign(step="index", frame=-1)
    shards = sorted(usable["shard"].unique())
    tables_of_shards = _read_all([results / images / corpus / f"{shard}.csv" for shard in shards])
    table = usable.merge(tables_of_shards, on="video", how="left", validate="one_to_many")
    absent = table["status"].isna()
    table.loc[absent, ["status", "reason"]] = ["absent", f"no row in the table of {images}"]
    failed = table["status"] != tables.OK
    table["step"] = table["status"].isin(FRAME_FAILURES).map({True: "frames", False: images})
    table["step"] = table["step"].where(failed, "")
    table["frame"] = pd.to_numeric(table["frame"]).fillna(-1).astype("int64")
    whole = pd.concat([table, unusable], ignore_index=True).assign(corpus=corpus)
    whole["bytes"] = pd.to_numeric(whole["bytes"]).fillna(0).astype("int64")
    return whole.reindex(columns=tables.GATHERED).fillna(
        {name: "" for name in tables.GATHERED if name != "frame"}
    )


def _read_all(paths: list[Path]) -> pd.DataFrame:
    """Read tables with the same columns as one.

    Their bytes are joined before they are parsed: to parse thousands of tables one by one takes minutes.
    """
    columns = ["image", "video", "frame", "bytes", "sha256", "phash", "status", "reason"]
    columns += ["mask", "mask_sha256"]  # of faces alone
    if not paths:
        return pd.DataFrame(columns=columns, dtype=str)
    texts = [path.read_bytes() for path in paths]
    header = texts[0].split(b"\n", 1)[0] + b"\n"
    for path, text in zip(paths, texts, strict=True):
        if not text.startswith(header):
            raise UserError(f"{path}: columns differ from those of {paths[0]}; delete both and run again")
    body = io.BytesIO(header + b"".join(text[len(header) :] for text in texts))
    del texts  # hundreds of MB
    return pd.read_csv(body, usecols=lambda name: name in columns, **tables.AS_TEXT)
