"""croissant.json: a description of a dataset for search engines and data loaders.

Specification: Croissant Format 1.0, MLCommons (docs.mlcommons.org/croissant/docs/croissant-spec.html).
"""

from urllib.parse import quote

import pandas as pd

from deepfake.dataset.terms import landmark_terms, terms_of
from deepfake.tables import CLASSES

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format includes"
            " isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace"
            " samplingRate separator source subField transform"
        ).split()
    },
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
LICENSE = (
    "The images belong to those who made the corpora; their terms hold for this dataset too. See README.md."
)
SPLIT_URLS = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}
MIME_TYPES = {"jpg": "image/jpeg", "png": "image/png"}
REFERENCES = {"label": "labels/label", "split": "splits/name"}
"""Columns with values that are keys of another record set."""


def croissant(
    name: str, metadata: pd.DataFrame, sha256: str, cfg: dict, steps: dict[str, dict[str, dict]]
) -> dict:
    """Return the JSON-LD of a dataset with the section `cfg` of the config, and the card's `steps`.

    `metadata` is its metadata.csv, and `sha256` the SHA-256 of that file. There is neither a date nor a URL,
    since a dataset in a folder has not been published.
    """
    endings = sorted({file.rpartition(".")[2] for file in metadata["file_name"]})
    papers = sorted({terms_of(corpus, cfg["families"]).paper for corpus in cfg["corpora"]} - {""})
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": _description(metadata, cfg),
        "license": f"{LICENSE} {landmark_terms(cfg, steps)}".rstrip(),
        "citeAs": "; ".join(papers) or f"{name}, made of {', '.join(cfg['corpora'])}",
        "version": "1.0.0",
        "keywords": ["deepfake detection", "face forgery", "image forensics"],
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "metadata.csv",
                "name": "metadata.csv",
                "description": "A row for each image.",
                "contentUrl": "metadata.csv",
                "encodingFormat": "text/csv",
                "sha256": sha256,
            },
            {
                "@type": "cr:FileSet",
                "@id": "files",
                "name": "files",
                "description": "The images, in folders by split and class.",
                "encodingFormat": [MIME_TYPES[ending] for ending in endings],
                "includes": [f"*/*/*.{ending}" for ending in endings],
            },
        ],
        "recordSet": [
            _inline_record_set(
                "splits", {"name": "sc:Text", "url": "sc:URL"}, "cr:Split", _split_rows(metadata)
            ),
            _inline_record_set(
                "labels", {"label": "sc:Integer", "name": "sc:Text"}, "sc:Enumeration", _label_rows()
            ),
            {
                "@type": "cr:RecordSet",
                "@id": "images",
                "name": "images",
                "description": "The images, each with its row of metadata.csv.",
                "key": {"@id": "images/file_name"},
                "field": [
                    _file_name_field(),
                    _image_field(),
                    *(_column_field(c) for c in metadata if c != "file_name"),
                ],
            },
        ],
    }


def _description(metadata: pd.DataFrame, cfg: dict) -> str:
    counts = metadata.groupby(["split", metadata["label"].map(CLASSES)]).size()
    numbers = "; ".join(f"{split}: {n} {label}" for (split, label), n in counts.items())
    videos = metadata.groupby(["corpus", "video"]).ngroups
    return (
        f"{len(metadata)} images ({cfg['images']}) of {videos} videos from {', '.join(cfg['corpora'])}, for "
        f"the detection of manipulated faces: label 0 is real, 1 is fake. "
        f"Images by split and class: {numbers}."
    )


def _inline_record_set(name: str, fields: dict[str, str], data_type: str, rows: list[dict]) -> dict:
    """Return a record set that holds its rows itself; the first field is the key."""
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "dataType": data_type,
        "key": {"@id": f"{name}/{next(iter(fields))}"},
        "field": [
            {"@type": "cr:Field", "@id": f"{name}/{field}", "name": field, "dataType": type_}
            for field, type_ in fields.items()
        ],
        "data": [{f"{name}/{field}": value for field, value in row.items()} for row in rows],
    }


def _split_rows(metadata: pd.DataFrame) -> list[dict]:
    present = set(metadata["split"])
    return [{"name": split, "url": url} for split, url in SPLIT_URLS.items() if split in present]


def _label_rows() -> list[dict]:
    return [{"label": int(label), "name": name} for label, name in CLASSES.items()]


def _file_name_field() -> dict:
    """Return the field that joins files and rows.

    Its pattern matches the whole path: mlcroissant 1.1 only compares text, and a path becomes text by a
    transform.
    """
    return {
        "@type": "cr:Field",
        "@id": "images/file_name",
        "name": "file_name",
        "description": "The image's path in the dataset.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": "files"},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": "(.+)"},
        },
        "references": {"fileObject": {"@id": "metadata.csv"}, "extract": {"column": "file_name"}},
    }


def _image_field() -> dict:
    return {
        "@type": "cr:Field",
        "@id": "images/image",
        "name": "image",
        "description": "The image itself.",
        "dataType": "sc:ImageObject",
        "source": {"fileSet": {"@id": "files"}, "extract": {"fileProperty": "content"}},
    }


def _column_field(name: str) -> dict:
    data_type = "sc:Integer" if name in ("label", "frame") else "sc:Text"
    field = {
        "@type": "cr:Field",
        "@id": f"images/{quote(name, safe='')}",
        "name": name,
        "description": f"Column {name} of metadata.csv.",
        "dataType": [data_type, "cr:Label"] if name == "label" else data_type,
        "source": {"fileObject": {"@id": "metadata.csv"}, "extract": {"column": name}},
    }
    return field | ({"references": {"field": {"@id": REFERENCES[name]}}} if name in REFERENCES else {})
