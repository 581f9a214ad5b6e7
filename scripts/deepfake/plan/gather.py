"""All that is known of the images of a dataset's corpora, in one table."""

import io
from pathlib import Path

import pandas as pd

from deepfake import tables

SHARED = ["target", "source", "original", "group"]
"""Columns whose names mean the same in every corpus of a family."""

FRAME_TROUBLE = (tables.MISSING, tables.DAMAGED, tables.UNREADABLE)
AS_TEXT = {"dtype": str, "keep_default_na": False, "encoding_errors": "backslashreplace"}
"""How tables are read: names of files may hold bytes that are no UTF-8; what is made from here on may not."""


def gather(results: Path, families: dict[str, str], images: str) -> pd.DataFrame:
    """A row for each image, and for each video without one, of corpora, from the tables under `results`.

    Columns are tables.PLAN without the plan's own; `step` and `reason` tell where and why a row was left out
    before (both "" where it wasn't). `families` names the corpora, and the family of each; `images` is
    "faces" or "frames". Ordered by corpus, video and frame.
    """
    parts = [_corpus(results, corpus, family, images) for corpus, family in families.items()]
    whole = pd.concat(parts, ignore_index=True)
    return whole.sort_values(["corpus", "video", "frame"], kind="stable", ignore_index=True)


def _corpus(results: Path, corpus: str, family: str, images: str) -> pd.DataFrame:
    videos = pd.read_csv(results / "index" / corpus / "videos.csv", **AS_TEXT)
    for column in SHARED:
        videos[column] = (family + "/" + videos[column]).where(videos[column] != "", "")
    used = videos[videos["reason"] == ""].drop(columns=["bytes", "reason"])
    refused = videos[videos["reason"] != ""].drop(columns=["bytes"]).assign(step="index", frame=-1)
    shards = sorted(used["shard"].unique())
    taken = _read_all([results / images / corpus / f"{shard}.csv" for shard in shards])
    table = used.merge(taken, on="video", how="left", validate="one_to_many")
    silent = table["status"].isna()
    table.loc[silent, ["status", "reason"]] = ["silent", f"no row in the table of {images}"]
    bad = table["status"] != tables.OK
    table["step"] = table["status"].isin(FRAME_TROUBLE).map({True: "frames", False: images}).where(bad, "")
    table["frame"] = pd.to_numeric(table["frame"]).fillna(-1).astype("int64")
    whole = pd.concat([table, refused], ignore_index=True).assign(corpus=corpus)
    whole["bytes"] = pd.to_numeric(whole["bytes"]).fillna(0).astype("int64")
    return whole.reindex(columns=tables.GATHERED).fillna(
        {name: "" for name in tables.GATHERED if name != "frame"}
    )


def _read_all(paths: list[Path]) -> pd.DataFrame:
    """Tables of the same columns as one: joined as bytes, for to parse thousands one by one takes minutes."""
    wanted = ["image", "video", "frame", "bytes", "sha256", "phash", "status", "reason"]
    if not paths:
        return pd.DataFrame(columns=wanted, dtype=str)
    texts = [path.read_bytes() for path in paths]
    header = texts[0].split(b"\n", 1)[0] + b"\n"
    for path, text in zip(paths, texts, strict=True):
        if not text.startswith(header):
            raise ValueError(f"{path}: columns differ from those of {paths[0]}; delete both and run again")
    body = io.BytesIO(header + b"".join(text[len(header) :] for text in texts))
    del texts  # hundreds of MB
    return pd.read_csv(body, usecols=wanted, **AS_TEXT)
