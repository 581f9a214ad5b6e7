"""The audit of a finished dataset: checks of what it promises, on the files themselves.

A check is a function from Evidence to its findings, each a line of text. A check without findings has passed,
unless it depends on knowledge that no image has: then its result is unknown.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pandas as pd

from deepfake.audit.evidence import Evidence
from deepfake.audit.leaks import (
    count_hashes,
    count_originals,
    count_people,
    describe_comparison,
    describe_faces,
    duplicates,
    equal_files,
    originals,
    people,
    videos,
)
from deepfake.console import printable
from deepfake.dataset.read import DESCRIPTIONS, checksum_problem, leads_outside
from deepfake.plan.splits_file import asked_fractions
from deepfake.tables import CLASSES, MASK

MB = 1_000_000  # bytes
LEAKS = ("duplicates", "people", "originals", "videos")  # the checks of leaks.py


class Result(NamedTuple):
    """The result of a check: `text` says what must hold, and `status` whether it does.

    "failed" and "warned" have findings, "passed" and "unknown" none. `known` is the number of images that the
    check could compare, None for a check that needs no knowledge; where it is 0 the status is "unknown".
    """

    name: str
    status: str
    text: str
    findings: list[str]
    known: int | None = None


def audit(evidence: Evidence, checks: "dict[str, Check] | None" = None) -> list[Result]:
    """Return the result of every check, by default of CHECKS, in their order."""
    results = []
    for name, check in (checks or CHECKS).items():
        if name == "provenance" and evidence.provenance is None:
            continue  # a folder from elsewhere: how it was made is unknown
        findings = [printable(line) for line in check.find(evidence)]
        known = check.count_known(evidence) if check.count_known else None
        if findings:
            status = _severity(name, evidence.cfg["policy"])
        else:
            status = "unknown" if known == 0 else "passed"
        text = check.rule + NOTES.get(name, lambda _: "")(evidence)
        if known is not None:
            text += f" {check.known_what} for {known} of {len(evidence.rows)} images."
        if status == "warned":
            text += f" The policy {evidence.cfg['policy']} does not promise this: a warning, not a failure."
        results.append(Result(name, status, text, findings, known))
    return results


def _severity(name: str, policy: str) -> str:
    tolerated = {"identity": (), "group": ("people",), "official": LEAKS, "given": LEAKS}.get(policy, ())
    return "warned" if name in tolerated else "failed"


def _named(e: Evidence) -> pd.Series:
    """The names of the files that metadata.csv lists: images, and their masks."""
    masks = e.rows[MASK] if MASK in e.rows else pd.Series(dtype=str)
    return pd.concat([e.rows["file_name"], masks[masks != ""]])


def files(e: Evidence) -> Iterator[str]:
    named = _named(e)
    for name, what in sorted(e.others.items()):
        yield f"{name}: {what}"
    for name, count in sorted(named.value_counts().items()):
        if count > 1:
            yield f"{name}: {count} rows in metadata.csv"
    for name in sorted(set(named) - e.files.keys() - e.others.keys()):
        outside = leads_outside(name)
        yield f"{name}: {'a name that leads out of the folder' if outside else 'a row, but no such file'}"
    for name in sorted(e.files.keys() - set(named) - DESCRIPTIONS):
        yield f"{name}: a file, but no row in metadata.csv"
    for name in sorted(set(named) & e.files.keys()):
        if e.files[name].problem:
            yield f"{name}: {e.files[name].problem}"


def checksums(e: Evidence) -> Iterator[str]:
    named = set(_named(e))
    yield from e.checksum_problems
    for name, sha256 in e.checksums:
        if name in e.files:
            if problem := checksum_problem(e.files[name].sha256, sha256, "SHA256SUMS"):
                yield f"{name}: {problem}"
        elif name not in named and name not in e.others:
            yield f"{name}: in SHA256SUMS, but no such file"
    listed = {name for name, _ in e.checksums}
    if not e.checksum_problems or e.checksums:
        for name in sorted((e.files.keys() & (named | DESCRIPTIONS)) - listed - {"SHA256SUMS"}):
            yield f"{name}: not in SHA256SUMS"
    for name, sha256, phash in e.rows[["file_name", "sha256", "phash"]].itertuples(index=False):
        if not (file := e.files.get(name)):
            continue
        if problem := checksum_problem(file.sha256, sha256, "metadata.csv"):
            yield f"{name}: {problem}"
        if file.phash and phash != file.phash:
            yield f"{name}: its perceptual hash is {file.phash}, in metadata.csv {phash}"


def labels(e: Evidence) -> Iterator[str]:
    for name, label in e.rows[["file_name", "label"]].itertuples(index=False):
        folder = [*name.split("/"), "", ""][1]
        if CLASSES.get(label) != folder:
            yield f"{name}: is in {folder or 'no folder'}, but its label is {label or 'empty'}"
    for names in equal_files(e, "sha256", "label"):
        yield f"the same bytes with two labels: {', '.join(names)}"


def splits(e: Evidence) -> Iterator[str]:
    for name, split in e.rows[["file_name", "split"]].itertuples(index=False):
        if name.split("/")[0] != split:
            yield f"{name}: is in {name.split('/')[0]}, but its split is {split or 'empty'}"
    counts = e.rows.groupby(["split", "label"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(CLASSES), fill_value=0)
    requested = {split for split, ratio in asked_fractions(e.cfg["splits"]).items() if ratio}
    for split in sorted(requested - set(counts.index)):
        yield f"{split}: requested, but it has no images"
    allowed = requested | ({"test"} if e.cfg["test_only"] else set())
    for split, row in counts.iterrows():
        if requested and split not in allowed:
            yield f"{split}: not one of the requested splits"
        for label in CLASSES:
            if not row[label]:
                yield f"{split}: has no {CLASSES[label]} image"


def balance(e: Evidence) -> Iterator[str]:
    if e.cfg["balance"] == "none":
        return
    rows = e.rows[e.rows["label"].isin(CLASSES)]
    for split, part in rows.groupby("split"):
        classes = part.groupby("corpus")["label"].nunique()
        expected = set(e.cfg["families"]) - (set(e.cfg["test_only"]) if split != "test" else set())
        # A corpus with only one class is balanced with the whole split, and may have lost all images by that.
        separately = set(classes.index) >= expected and (classes == len(CLASSES)).all()
        if e.cfg["balance"] == "corpus" and separately:
            tables = [(f"{split}, {corpus}", table) for corpus, table in part.groupby("corpus")]
        else:
            tables = [(split, part)]
        for where, table in tables:
            real, fake = ((table["label"] == label).sum() for label in CLASSES)
            if real != fake:
                yield f"{where}: {real} real images, {fake} fake images"


def cap(e: Evidence) -> Iterator[str]:
    size = sum(e.files[name].bytes for name in set(e.rows["file_name"]) & e.files.keys())
    if e.cfg["size_mb"] is not None and size > e.cfg["size_mb"] * MB:
        yield f"{size} bytes of images, {size - e.cfg['size_mb'] * MB:.0f} over size_mb = {e.cfg['size_mb']}"


def test_only(e: Evidence) -> Iterator[str]:
    rows = e.rows[e.rows["corpus"].isin(e.cfg["test_only"]) & (e.rows["split"] != "test")]
    for (corpus, split), table in rows.groupby(["corpus", "split"]):
        yield f"{corpus}: images in {split}: {len(table)}, such as {table['file_name'].min()}"


def provenance(e: Evidence) -> Iterator[str]:
    yield from e.provenance


class Check(NamedTuple):
    """What a check requires, and the function that finds what breaks it.

    Where a check depends on what is known of the images, `count_known` counts those of which something is,
    and `known_what` begins the sentence that says so.
    """

    rule: str
    find: Callable[[Evidence], Iterator[str]]
    count_known: Callable[[Evidence], int] | None = None
    known_what: str = "Known"


CHECKS = {
    "files": Check(
        "Every row must have a file, every file a row; every image must be readable; links are not allowed.",
        files,
    ),
    "sums": Check(
        "SHA256SUMS must list every file; its checksums and those of metadata.csv must match the files.",
        checksums,
    ),
    "labels": Check(
        "Every image must be in the folder of its label, and equal images must have equal labels.",
        labels,
    ),
    "splits": Check(
        "Every image must be in the folder of its split, and every requested split must have both classes.",
        splits,
    ),
    "duplicates": Check(
        "No image, and no two similar images, may be in two splits.",
        duplicates,
        count_hashes,
        "Hashes known",
    ),
    "people": Check(
        "No person may be in two splits, neither as target nor as source of a video.", people, count_people
    ),
    "originals": Check("No original video, and no group, may be in two splits.", originals, count_originals),
    "videos": Check("No video may be in two splits.", videos),
    "balance": Check("There must be as many real as fake images, where the config requests it.", balance),
    "cap": Check("The images may take no more than size_mb.", cap),
    "test_only": Check("Corpora reserved for test may be in no other split.", test_only),
    "provenance": Check(
        "The dataset, its plan, images and index must each have been made from the others as they are.",
        provenance,
    ),
}
"""The checks by their names, in the order in which they are reported."""


NOTES: dict[str, Callable[[Evidence], str]] = {
    "duplicates": describe_comparison,
    "people": describe_faces,
    "balance": lambda e: f" Requested: {e.cfg['balance']}.",
    "cap": lambda e: " No limit is set." if e.cfg["size_mb"] is None else f" It is {e.cfg['size_mb']}.",
}
