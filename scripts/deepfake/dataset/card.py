"""The README.md of a dataset: a datasheet with its numbers, and with text that depends on its settings.

The sections are the questions of Gebru et al., "Datasheets for Datasets", Communications of the ACM 64(12),
2021. The YAML head is for the Hugging Face Hub. Images that were left out are not counted, so that the card
changes only when the dataset does. Its text is part of every dataset's checksums: an edit here makes datasets
different.
"""

import json

import pandas as pd

from deepfake.dataset.card_preprocessing import and_text, describe_faces, describe_frames
from deepfake.dataset.card_tables import (
    count_by_attribute,
    count_by_method,
    count_by_split_and_class,
    markdown_table,
)
from deepfake.dataset.metadata import metadata_table
from deepfake.dataset.terms import landmark_terms, terms_of
from deepfake.plan.duplicates import bits_apart
from deepfake.plan.knowledge import count_known, describe_all_known
from deepfake.plan.splits_file import asked_fractions, splits_digest, splits_table
from deepfake.plan.summary import plan_summary
from deepfake.tables import CLASSES, MASK, METADATA

IMAGES = {"faces": "face crops", "frames": "whole frames"}
CITATION_NOTE = "Their papers, which whoever publishes with this dataset should cite:"
POLICIES = {
    "identity": "No person and no original with all that was made of it stands in two splits, as far as they "
    "are known. A fake of two people counts for both.",
    "group": "No original with all that was made of it stands in two splits, as far as originals are known; "
    "a person may, in other videos.",
    "official": "The splits are the corpora's own. Whatever their authors let cross them crosses them here.",
    "given": "The splits were given. Whatever crosses them there crosses them here.",
}
BALANCE = {
    "corpus": "In each split, every corpus has as many real as fake images.",
    "dataset": "In each split, there are as many real as fake images, all corpora together.",
    "none": "Real and fake are not made equal in number; the class weights above make up for it in training.",
}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def card(
    name: str,
    rows: pd.DataFrame,
    cfg: dict,
    steps: dict[str, dict[str, dict]],
    known: dict[str, int] | None = None,
) -> str:
    """Return the card of a dataset in Markdown.

    `rows` are those of tables.PLAN for the dataset's images, `cfg` its section of the config. `steps` maps a
    corpus to its settings `frames` and `faces`; corpora and settings may be missing. `known` is the number of
    images whose people and originals are known, by knowledge.count_known; by default it is counted in `rows`.
    """
    summary = plan_summary(rows)
    known = known or count_known(rows, [], cfg["families"])
    sections = {
        "Motivation": _motivation(cfg),
        "Composition": _composition(rows, summary),
        "Collection": _collection(cfg),
        "Preprocessing": _preprocessing(cfg, steps),
        "Splits": _splits(cfg, known, summary["images"]),
        "What was left out": _left_out(name),
        "Uses": _uses(cfg),
        "Distribution": _distribution(cfg, steps),
        "Maintenance": _maintenance(name, cfg, splits_digest(splits_table(rows))),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    size = f"{summary['images']} images ({IMAGES[cfg['images']]}), {summary['bytes'] / 1e6:.1f} MB"
    return (
        f"{_yaml_head(name, summary['images'])}\n# {name}\n\n{size}. Label 0 is real, 1 is fake.\n\n{body}\n"
    )


def _yaml_head(name: str, images: int) -> str:
    size = next((text for limit, text in SIZES if images < limit), "1M<n<10M")
    return f"""---
pretty_name: {json.dumps(name)}
license: other
license_name: terms-of-the-corpora
task_categories:
- image-classification
size_categories:
- {size}
tags:
- deepfake-detection
- face-forgery
- image-forensics
---
"""


def _motivation(cfg: dict) -> str:
    corpora = and_text(cfg["corpora"])
    return f"""Detectors of manipulated faces are to be trained and compared on images of
{corpora}: one form for all, an origin for every image, and splits of which it is known what they
share. Who made it, for whom and with whose money only the one who ran the workflow can say."""


def _class_weights(weights: dict) -> str:
    if len(weights) < len(CLASSES):
        return "Train lacks a class: this dataset is to be tested on, not trained on."
    text = ", ".join(f"{label} {weights[label]:g}" for label in CLASSES.values())
    return f"Class weights in train, all images over twice the class's:\n{text}."


def _composition(rows: pd.DataFrame, summary: dict) -> str:
    counts = rows.groupby(["corpus", "video"]).size()
    videos, fewest, most = len(counts), counts.min(), counts.max()
    people = (set(rows["target"]) | set(rows["source"])) - {""}
    named = f"{len(people)} people" if people else "nobody"
    metadata = metadata_table(rows)
    attributes = [name for name in metadata if name not in (*METADATA, MASK)]
    attribute_text = (
        f"What the corpora say besides, of the people or of the video, in images:\n\n"
        f"{count_by_attribute(metadata, attributes)}"
        if attributes
        else "The corpora say nothing of the sex, age or origin of the people, and may be uneven in them."
    )
    return f"""An instance is one image of one frame, with a row in `metadata.csv`.

{count_by_split_and_class(summary)}

They come from {videos} videos (a still counts as one) that give {fewest} to {most} images each.
The corpora name {named}. {_class_weights(summary["class_weights"])}

By corpus and manipulation method, in images:

{count_by_method(rows)}

{attribute_text}

The images show faces, so they are personal data. The labels are the corpora's; none was checked by eye. What
a corpus doesn't tell is empty in `metadata.csv`."""


def _collection(cfg: dict) -> str:
    rows = [(corpus, terms_of(corpus, cfg["families"]).people) for corpus in cfg["corpora"]]
    return f"""Nothing was filmed for this dataset: it is a choice from corpora that others published. How
people came to be in them:

{markdown_table(["corpus", "people"], rows)}

Where videos were to be chosen, they were drawn from the seed {cfg["seed"]} and from their names."""


def _preprocessing(cfg: dict, steps: dict) -> str:
    lines = []
    for corpus in cfg["corpora"]:
        settings = steps.get(corpus, {})
        texts = [describe_frames(settings["frames"])] if "frames" in settings else []
        texts += (
            [describe_faces(settings["faces"])] if "faces" in settings and cfg["images"] == "faces" else []
        )
        lines.append(f"- {corpus}: {'; '.join(texts) or 'see the settings of the workflow'}.")
    duplicates = (
        f"Images whose 64-bit perceptual hashes differ in {bits_apart(cfg['duplicates'])} count as one."
        if cfg["duplicates"] is not None
        else "Near-duplicates were not looked for."
    )
    cap = (
        f"Images were taken in rounds, one of every video before a second of any, up to {cfg['size_mb']} MB."
        if cfg["size_mb"] is not None
        else "No limit was set to the size."
    )
    return "\n".join(lines) + f"\n\n{duplicates} {BALANCE[cfg['balance']]} {cap}"


def _splits(cfg: dict, known: dict[str, int], images: int) -> str:
    fractions = asked_fractions(cfg["splits"])
    ratios = ", ".join(f"{split} {ratio:g}" for split, ratio in fractions.items() if ratio)
    asked = f"Asked for: {ratios}" if ratios else "Taken from a file"
    lines = [f"{asked}; policy `{cfg['policy']}`. {POLICIES[cfg['policy']]}"]
    text = describe_all_known(known, images)
    lines.append(f"{text[0].upper()}{text[1:]}.")
    if not all(known.values()):
        lines.append("What is unknown could not be kept apart, and may stand in several splits.")
    if cfg["policy"] not in ("official", "given") and cfg["duplicates"] is not None:
        lines.append("Nor do near-duplicates.")
    if cfg["stratify"]:
        lines.append(f"Kept at like proportions in each split: {and_text(cfg['stratify'])}.")
    if cfg["test_only"]:
        lines.append(f"In test alone, as what no detector has seen: {and_text(cfg['test_only'])}.")
    if cfg["same_identity"]:
        lines.append(f"The pairs of videos or people in `{cfg['same_identity']}` were taken for the same.")
    return "\n".join(lines)


def _left_out(name: str) -> str:
    return f"""Every image and video that is not here has a row with the reason in `results/plans/{name}.csv`;
`results/reports/{name}/attrition.csv` counts them by step and reason, and `results/reports/{name}/audit.json`
tells what was looked for in the finished splits."""


def _uses(cfg: dict) -> str:
    return f"""For detectors of the manipulations in the table above, in {IMAGES[cfg["images"]]} of
videos like these. A score on it speaks for these corpora and methods; other generators, compressions and
cameras need a test of their own. Use it neither to recognise or describe people nor to make fakes, and let no
detector that learnt from it judge anybody by itself."""


def _distribution(cfg: dict, steps: dict) -> str:
    by_corpus = {corpus: terms_of(corpus, cfg["families"]) for corpus in cfg["corpora"]}
    papers = sorted({terms.paper for terms in by_corpus.values() if terms.paper})
    citations = f"{CITATION_NOTE}\n\n" + "\n".join(f"- {paper}" for paper in papers) if papers else ""
    landmarks = f"\n\n{terms}" if (terms := landmark_terms(cfg, steps)) else ""
    return f"""The images belong to those who made the corpora; their terms hold for this dataset too. In
short, and to be read in full where the corpus is published:

{markdown_table(["corpus", "use"], [(corpus, terms.use) for corpus, terms in by_corpus.items()])}

A corpus that the workflow drew itself (`demo` in its settings) shows nobody and has no terms.{landmarks}

{citations}""".rstrip()


def _maintenance(name: str, cfg: dict, digest: str) -> str:
    # A dataset that is rebuilt from its recipe is the same one, and so is its card.
    fractions = asked_fractions(cfg["splits"])
    settings = {**cfg, "splits": fractions or "from a file"}
    return f"""`sha256sum -c SHA256SUMS` (macOS: `shasum -a 256 -c SHA256SUMS`) checks every file;
`croissant.json` describes them to programs. The same corpora and settings give the same bytes again: an error
is mended in the corpus or in the settings, and `snakemake results/{name}` makes the dataset anew.
Hugging Face's `imagefolder` numbers the classes by the alphabet (fake 0, real 1) and leaves `metadata.csv`
out; `results/exports/{name}/parquet` has both as here.

It was made with

    {json.dumps(settings, sort_keys=True, ensure_ascii=False)}

Whoever has the same corpora can rebuild it from its recipe, `results/reports/{name}/recipe.yaml` with
`splits.csv`: names and digests, no images. `CITATION.cff` beside them says how to cite it. The digest of its
splits is `{digest}`."""
