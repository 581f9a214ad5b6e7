"""A planned dataset written out: images from the tars, each checked, and what describes them."""

import hashlib
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from deepfake.dataset import contact_sheet as contact
from deepfake.dataset.croissant import croissant
from deepfake.dataset.metadata import metadata_table
from deepfake.extraction import images
from deepfake.extraction.tars import read_tar


class StaleImages(ValueError):
    """A tar doesn't hold what the plan says; the message says which and what to do."""


def write_images(folder: Path, kept: pd.DataFrame, tars: Iterable[tuple[str, Path]]) -> None:
    """Copy the images of `kept` (rows of tables.PLAN) from tars, given as (corpus, path), to `folder`.

    Raises StaleImages where an image is missing or its SHA-256 is not the plan's.
    """
    wanted = {(row.corpus, row.image): row for row in kept.itertuples()}
    for name in {Path(name).parent for name in kept["file_name"]}:
        (folder / name).mkdir(parents=True)
    for corpus, path in tars:
        try:
            for image, data in read_tar(path):
                row = wanted.pop((corpus, image), None)
                if row is None:
                    continue
                if hashlib.sha256(data).hexdigest() != row.sha256:
                    raise StaleImages(
                        f"{path}: {image} is not what its table says; delete the tar and run again"
                    )
                (folder / row.file_name).write_bytes(data)
        except (FileNotFoundError, tarfile.TarError) as error:
            raise StaleImages(f"{path}: can't be read ({error}); delete it and run again") from error
    if wanted:
        corpus, image = min(wanted)
        raise StaleImages(
            f"{corpus}: {len(wanted)} images such as {image} are in no tar; delete its tables, run again"
        )


def write_metadata(folder: Path, name: str, kept: pd.DataFrame, cfg: dict) -> None:
    """metadata.csv, and croissant.json, which tells programs of it and of the images."""
    table = metadata_table(kept)
    data = table.to_csv(index=False, lineterminator="\n").encode()
    (folder / "metadata.csv").write_bytes(data)
    facts = croissant(name, table, hashlib.sha256(data).hexdigest(), cfg)
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    (folder / "croissant.json").write_text(text + "\n", encoding="utf-8")


def write_contact_sheet(folder: Path, kept: pd.DataFrame) -> None:
    """contact_sheet.png, of images that `folder` holds already."""
    tiles = {
        label: [images.decode((folder / name).read_bytes()) for name in names]
        for label, names in contact.choose(kept).items()
    }
    (folder / "contact_sheet.png").write_bytes(contact.contact_sheet(tiles))


def write_checksums(folder: Path, known: dict[str, str]) -> None:
    """SHA256SUMS of every file, as `sha256sum -c` reads it; `known` has those that were taken already."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    sums = [known.get(name) or hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]
    lines = [f"{digest}  {name}\n" for digest, name in zip(sums, names, strict=True)]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
