"""The audit of a finished dataset: what was promised of it, checked on the files themselves.

A check is a function from Evidence to its findings, one line of text each; none means that it is passed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from deepfake.audit.read import ABOUT, File, shown
from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.links import Pair
from deepfake.plan.people import people_of_rows
from deepfake.tables import CLASSES

SPLITS = ("train", "val", "test")
MB = 1_000_000  # bytes
LEAKS = ("duplicates", "people", "originals", "videos")


@dataclass(frozen=True)
class Evidence:
    """What an audit judges by: the dataset's section of the config, and what its folder really holds.

    `rows` are those of metadata.csv, in order of file_name; `files` every plain file that was read, `odd` all
    else that lies there, `sums` the lines of SHA256SUMS and `bad_sums` what is wrong with that file. `same`
    are the pairs of people or videos known to be the same.
    """

    cfg: dict
    rows: pd.DataFrame
    files: dict[str, File]
    odd: dict[str, str]
    sums: list[tuple[str, str]]
    bad_sums: list[str]
    same: list[Pair]


class Result(NamedTuple):
    """What became of a check: `status` is "passed", "warned" or "failed"."""

    name: str
    status: str
    text: str
    findings: list[str]


def audit(evidence: Evidence) -> list[Result]:
    """Every check, in the order of CHECKS."""
    results = []
    for name, (rule, check) in CHECKS.items():
        findings = [shown(line) for line in check(evidence)]
        status = "passed" if not findings else _severity(name, evidence.cfg["policy"])
        text = rule + NOTES.get(name, lambda _: "")(evidence)
        if status == "warned":
            text += f" Under the policy {evidence.cfg['policy']} this is not promised: a warning, no failure."
        results.append(Result(name, status, text, findings))
    return results


def _severity(name: str, policy: str) -> str:
    tolerated = {"identity": (), "group": ("people",), "official": LEAKS}[policy]
    return "warned" if name in tolerated else "failed"


def files(e: Evidence) -> Iterator[str]:
    named = e.rows["file_name"]
    for name, what in sorted(e.odd.items()):
        yield f"{name}: {what}"
    for name, count in sorted(named.value_counts().items()):
        if count > 1:
            yield f"{name}: {count} rows in metadata.csv"
    for name in sorted(set(named) - e.files.keys() - e.odd.keys()):
        outside = name.startswith("/") or ".." in name.split("/") or "\0" in name
        yield f"{name}: {'a name that leads out of the folder' if outside else 'a row, but no such file'}"
    for name in sorted(e.files.keys() - set(named) - ABOUT):
        yield f"{name}: a file, but no row in metadata.csv"
    for name in sorted(set(named) & e.files.keys()):
        if e.files[name].trouble:
            yield f"{name}: {e.files[name].trouble}"


def sums(e: Evidence) -> Iterator[str]:
    named = set(e.rows["file_name"])
    yield from e.bad_sums
    for name, digest in e.sums:
        if name in e.files and e.files[name].sha256 != digest:
            yield f"{name}: its SHA-256 is not that of SHA256SUMS"
        elif name not in e.files and name not in named and name not in e.odd:
            yield f"{name}: in SHA256SUMS, but no such file"
    listed = {name for name, _ in e.sums}
    if not e.bad_sums or e.sums:
        for name in sorted((e.files.keys() & (named | ABOUT)) - listed - {"SHA256SUMS"}):
            yield f"{name}: not in SHA256SUMS"
    for name, digest, phash in e.rows[["file_name", "sha256", "phash"]].itertuples(index=False):
        file = e.files.get(name)
        if file and file.sha256 != digest:
            yield f"{name}: its SHA-256 is not that of metadata.csv"
        if file and file.phash and phash != file.phash:
            yield f"{name}: its perceptual hash is {file.phash}, in metadata.csv {phash}"


def labels(e: Evidence) -> Iterator[str]:
    for name, label in e.rows[["file_name", "label"]].itertuples(index=False):
        folder = [*name.split("/"), "", ""][1]
        if CLASSES.get(label) != folder:
            yield f"{name}: lies in {folder or 'no folder'}, but its label is {label or 'empty'}"
    for names in _alike(e, "sha256", "label"):
        yield f"the same bytes with two labels: {', '.join(names)}"


def splits(e: Evidence) -> Iterator[str]:
    for name, split in e.rows[["file_name", "split"]].itertuples(index=False):
        if name.split("/")[0] != split:
            yield f"{name}: lies in {name.split('/')[0]}, but its split is {split or 'empty'}"
    counts = e.rows.groupby(["split", "label"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(CLASSES), fill_value=0)
    asked = {split for split, ratio in e.cfg["splits"].items() if ratio}
    for split in sorted(asked - set(counts.index)):
        yield f"{split}: asked for, but no image is in it"
    allowed = asked | ({"test"} if e.cfg["test_only"] else set())
    for split, row in counts.iterrows():
        if split not in allowed:
            yield f"{split}: a split that nobody asked for"
        for label in CLASSES:
            if not row[label]:
                yield f"{split}: has no {CLASSES[label]} image"


def duplicates(e: Evidence) -> Iterator[str]:
    found = list(_alike(e, "sha256", "split"))
    if e.cfg["duplicates"] is not None:
        hashes = e.rows["file_name"].map(lambda name: e.files[name].phash if name in e.files else "")
        known = hashes[hashes != ""]
        cluster = pd.Series(cluster_hashes(parse_hashes(known), e.cfg["duplicates"]), known.index)
        found += [names for names in _apart(e.rows.loc[known.index], cluster, "split") if names not in found]
    for names in found:
        yield f"alike, but in two splits: {', '.join(names)}"


def people(e: Evidence) -> Iterator[str]:
    shows = people_of_rows(e.rows, e.same, e.cfg["families"])
    yield from _across(e.rows.loc[shows.index], shows, "person ")


def originals(e: Evidence) -> Iterator[str]:
    for column in ("original", "group"):
        known = e.rows[e.rows[column] != ""]
        yield from _across(known, known[column], f"{column} ")


def videos(e: Evidence) -> Iterator[str]:
    yield from _across(e.rows, e.rows["corpus"] + "/" + e.rows["video"], "video ")


def balance(e: Evidence) -> Iterator[str]:
    if e.cfg["balance"] == "none":
        return
    rows = e.rows[e.rows["label"].isin(CLASSES)]
    for split, part in rows.groupby("split"):
        classes = part.groupby("corpus")["label"].nunique()
        meant = set(e.cfg["families"]) - (set(e.cfg["test_only"]) if split != "test" else set())
        # One that has but one class here is balanced with the whole split, by which it may have lost all.
        apart = set(classes.index) >= meant and (classes == len(CLASSES)).all()
        if e.cfg["balance"] == "corpus" and apart:
            sets = [(f"{split}, {corpus}", table) for corpus, table in part.groupby("corpus")]
        else:
            sets = [(split, part)]
        for place, table in sets:
            real, fake = ((table["label"] == label).sum() for label in CLASSES)
            if real != fake:
                yield f"{place}: {real} real images, {fake} fake ones"


def cap(e: Evidence) -> Iterator[str]:
    size = sum(e.files[name].bytes for name in set(e.rows["file_name"]) & e.files.keys())
    if e.cfg["size_mb"] is not None and size > e.cfg["size_mb"] * MB:
        yield f"{size} bytes of images, {size - e.cfg['size_mb'] * MB:.0f} over size_mb = {e.cfg['size_mb']}"


def test_only(e: Evidence) -> Iterator[str]:
    bad = e.rows[e.rows["corpus"].isin(e.cfg["test_only"]) & (e.rows["split"] != "test")]
    for (corpus, split), table in bad.groupby(["corpus", "split"]):
        yield f"{corpus}: images in {split}: {len(table)}, such as {table['file_name'].min()}"


CHECKS: dict[str, tuple[str, Callable[[Evidence], Iterator[str]]]] = {
    "files": (
        "Every row must have its file, every file its row; every image must be readable, and nothing a link.",
        files,
    ),
    "sums": (
        "SHA256SUMS must list every file; its sums and those of metadata.csv must be the files' own.",
        sums,
    ),
    "labels": ("Every image must lie in the folder of its label, and no two labels may share one.", labels),
    "splits": (
        "Every image must lie in the folder of its split, and every split asked for have both classes.",
        splits,
    ),
    "duplicates": ("No image may stand in two splits, nor one that looks the same.", duplicates),
    "people": ("No person may stand in two splits, whether filmed or put in.", people),
    "originals": ("No original, and no group, may stand in two splits.", originals),
    "videos": ("No video may stand in two splits.", videos),
    "balance": ("As many images must be real as fake, where the config asks for it.", balance),
    "cap": ("The images may take no more than size_mb.", cap),
    "test_only": ("Corpora kept for test may stand nowhere else.", test_only),
}
"""What each check asks for, and the function that looks for what breaks it."""


def _known(*columns: str) -> Callable[[Evidence], str]:
    """A note on how many rows say anything at all: where nothing is known, nothing can be found."""

    def note(e: Evidence) -> str:
        known = (e.rows[list(columns)] != "").any(axis=1).sum()
        return f" Known for {known} of {len(e.rows)} images."

    return note


def _how_alike(e: Evidence) -> str:
    bits = e.cfg["duplicates"]
    return (
        f" Judged by {'bytes alone' if bits is None else f'bytes, and by hashes {bits} bits apart or less'}."
    )


NOTES: dict[str, Callable[[Evidence], str]] = {
    "duplicates": _how_alike,
    "people": _known("target", "source"),
    "originals": _known("original", "group"),
    "balance": lambda e: f" Asked for: {e.cfg['balance']}.",
    "cap": lambda e: " No cap is set." if e.cfg["size_mb"] is None else f" It is {e.cfg['size_mb']}.",
}


def _alike(e: Evidence, fact: str, differ: str) -> Iterator[list[str]]:
    """Names of files that share a `fact` of File, but differ in a column of the rows."""
    facts = e.rows["file_name"].map(lambda name: getattr(e.files[name], fact) if name in e.files else "")
    return _apart(e.rows[facts != ""], facts[facts != ""], differ)


def _apart(rows: pd.DataFrame, key: pd.Series, differ: str) -> Iterator[list[str]]:
    """For each key whose rows differ in a column, the first file of each of the column's values."""
    several = rows.groupby(key)[differ].transform("nunique") > 1
    for _, table in rows[several].groupby(key[several]):
        yield table.groupby(differ)["file_name"].min().tolist()


def _across(rows: pd.DataFrame, key: pd.Series, what: str) -> Iterator[str]:
    """A line for each key that stands in two splits; `rows` and `key` correspond by position."""
    table = pd.DataFrame(
        {"key": key.to_numpy(), "split": rows["split"].to_numpy(), "file": rows["file_name"].to_numpy()}
    )
    table = table[table.groupby("key")["split"].transform("nunique") > 1]
    for name, part in table.groupby("key"):
        places = part.groupby("split")["file"].agg(["size", "min"])
        places = places.reindex(
            sorted(places.index, key=lambda s: (SPLITS.index(s) if s in SPLITS else 9, s))
        )
        said = [f"{split} (images: {row['size']}, such as {row['min']})" for split, row in places.iterrows()]
        yield f"{what}{name}: {'; '.join(said)}"
