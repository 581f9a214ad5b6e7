"""ro-crate-metadata.json: the run that made a dataset, from its corpora and settings to what came of it.

Specification: RO-Crate 1.1 with the profile Process Run Crate 0.5 (w3id.org/ro/wfrun/process/0.5). The crate
is the folder of a dataset's reports. It has neither a date nor an author, since nobody has published it yet.
The dataset itself lies outside, and is known by the digest of its SHA256SUMS.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from deepfake.dataset.recipe import WORKFLOW, without_paths
from deepfake.dataset.terms import terms_of
from deepfake.hashing import sha256_of

PROCESS_RUN = "https://w3id.org/ro/wfrun/process/0.5"
CROISSANT = "http://mlcommons.org/croissant/1.0"
TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
}
INPUTS = ("recipe.yaml",)
"""Files of the crate that the run was made from; all others are results."""


def ro_crate(
    name: str, dataset: Path, files: dict[Path, str], index: pd.DataFrame, cfg: dict, made: dict
) -> dict:
    """Return the JSON-LD of the run that made the dataset `name`.

    `dataset` is its folder. `files` are those of the crate, all in one folder, each with what it is. `index`
    has corpus, member, bytes and crc32 of all videos. `cfg` is the dataset's section of the config. `made`
    has `summary`, that of the plan, `steps`, the settings by corpus, and `versions`.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms["sha256"] = "https://schema.org/sha256"

    def add(key: str, kind: str | list[str], **properties: Any) -> ContextEntity:
        return crate.add(ContextEntity(crate, key, {"@type": kind, **properties}))

    terms = [f"{corpus}: {terms_of(corpus, cfg['families']).use}" for corpus in cfg["corpora"]]
    licence = add("#terms", "CreativeWork", name="The terms of the corpora", description="; ".join(terms))
    profile = add(PROCESS_RUN, "CreativeWork", name="Process Run Crate", version="0.5")
    in_crate = {
        path: crate.add_file(str(path), path.name, properties=_described(path, text))
        for path, text in files.items()
    }
    corpora = [
        _corpus(add, corpus, index[index["corpus"] == corpus], without_paths(made["steps"]))
        for corpus in cfg["corpora"]
    ]
    made_of = [
        add(f"#software-{key}", "SoftwareApplication", name=key, version=number)
        for key, number in sorted(made["versions"].items())
    ]
    workflow = add(
        "#workflow",
        ["SoftwareApplication", "SoftwareSourceCode"],
        name=WORKFLOW,
        license="https://spdx.org/licenses/MIT",
        programmingLanguage="Snakemake",
        softwareRequirements=made_of,
    )
    result = _dataset(add, name, dataset, made["summary"], licence)
    results = [entity for path, entity in in_crate.items() if path.name not in INPUTS]
    settings = [entity for path, entity in in_crate.items() if path.name in INPUTS]
    run = add(
        "#run",
        "CreateAction",
        name=f"Make the dataset {name}",
        instrument=workflow,
        object=[*corpora, *settings],
        result=[result, *results],
    )
    root = crate.root_dataset
    root.properties().pop("datePublished", None)
    root["name"] = f"The run that made the dataset {name}"
    root["description"] = (
        "What it was made of, with which settings and programs, and what came of it; no images."
    )
    root["license"] = licence
    root["conformsTo"] = profile
    root["mentions"] = [run, result, *corpora]
    return crate.metadata.generate()


def as_text(crate: dict) -> str:
    """Return the crate as the text of ro-crate-metadata.json; equal crates give equal text."""
    first = {"ro-crate-metadata.json": 0, "./": 1}
    graph = sorted(crate["@graph"], key=lambda entity: (first.get(entity["@id"], 2), entity["@id"]))
    return json.dumps({**crate, "@graph": graph}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _corpus(add, corpus: str, index: pd.DataFrame, steps: dict) -> ContextEntity:
    """Return a corpus: its videos by the digest of their names, sizes and checksums, and its settings."""
    lines = sorted(" ".join(row) for row in index[["member", "bytes", "crc32"]].itertuples(index=False))
    digest = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    settings = [
        add(f"#{corpus}.{step}.{key}", "PropertyValue", name=f"{corpus}.{step}.{key}", value=_text(value))
        for step, known in sorted(steps.get(corpus, {}).items())
        for key, value in sorted(known.items())
    ]
    return add(
        f"#corpus-{corpus}",
        "Dataset",
        name=corpus,
        description=f"{len(lines)} files; identified by the SHA-256 of the lines `<name> <bytes> <CRC-32>`.",
        identifier=f"urn:sha256:{digest}",
        additionalProperty=settings,
    )


def _dataset(add, name: str, folder: Path, summary: dict, licence: ContextEntity) -> ContextEntity:
    """Return the dataset, by the digest of its SHA256SUMS, with its description in Croissant."""
    croissant = add(
        "#croissant.json",
        "CreativeWork",
        name="croissant.json",
        description="The description of the dataset in its own folder.",
        encodingFormat="application/ld+json",
        sha256=sha256_of(folder / "croissant.json"),
        conformsTo=add(CROISSANT, "CreativeWork", name="Croissant", version="1.0"),
    )
    splits = ", ".join(
        f"{split} {sum(part['images'] for part in classes.values())}"
        for split, classes in sorted(summary["splits"].items())
    )
    return add(
        "#dataset",
        "Dataset",
        name=name,
        description=f"{summary['images']} images ({splits}); identified by the SHA-256 of its SHA256SUMS.",
        identifier=f"urn:sha256:{sha256_of(folder / 'SHA256SUMS')}",
        license=licence,
        subjectOf=croissant,
    )


def _described(path: Path, text: str) -> dict:
    return {
        "name": path.name,
        "description": text,
        "encodingFormat": TYPES[path.suffix],
        "contentSize": str(path.stat().st_size),
        "sha256": sha256_of(path),
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
