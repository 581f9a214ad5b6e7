"""Write a planned dataset: its images, copied from tars and checked, and the files that describe them."""

import hashlib
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from deepfake.dataset.contact_sheet import choose_images, draw_contact_sheet
from deepfake.dataset.croissant import croissant
from deepfake.dataset.metadata import mask_names, metadata_table
from deepfake.errors import UserError
from deepfake.extraction.images import decode
from deepfake.extraction.tars import read_tar
from deepfake.tables import MASK


def write_images(folder: Path, rows: pd.DataFrame, tars: Iterable[tuple[str, Path]]) -> None:
    """Copy images, and their masks, from tars, given as (corpus, path), to `folder`.

    `rows` are those of tables.PLAN for the dataset's images. Raises UserError if a tar can't be
    read, an image is missing, or its SHA-256 is not the plan's.
    """
    missing = _columns(rows, "image", rows["file_name"], "sha256")
    if MASK in rows:
        missing |= _columns(rows[rows[MASK] != ""], MASK, mask_names(rows), "mask_sha256")
    for subfolder in {Path(name).parent for name, _ in missing.values()}:
        (folder / subfolder).mkdir(parents=True)
    for corpus, path in tars:
        try:
            for image, data in read_tar(path):
                name, sha256 = missing.pop((corpus, image), ("", ""))
                if not name:
                    continue
                if hashlib.sha256(data).hexdigest() != sha256:
                    raise UserError(
                        f"{path}: {image} is not what its table says; delete the tar and run again"
                    )
                (folder / name).write_bytes(data)
        except (FileNotFoundError, tarfile.TarError) as error:
            raise UserError(f"{path}: can't be read ({error}); delete it and run again") from error
    if missing:
        corpus, image = min(missing)
        raise UserError(
            f"{corpus}: {len(missing)} images such as {image} are in no tar; delete its tables and run again"
        )


def _columns(
    rows: pd.DataFrame, image: str, names: pd.Series, sha256: str
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return by corpus and name in a tar where in the dataset a file is to be, and its SHA-256."""
    sources = zip(rows["corpus"], rows[image], strict=True)
    return dict(zip(sources, zip(names[rows.index], rows[sha256], strict=True), strict=True))


def write_metadata(
    folder: Path, name: str, rows: pd.DataFrame, cfg: dict, steps: dict[str, dict[str, dict]]
) -> None:
    """Write metadata.csv, and croissant.json, which describes it and the images to programs.

    `cfg` and `steps` are as for card.card.
    """
    table = metadata_table(rows)
    data = table.to_csv(index=False, lineterminator="\n").encode()
    (folder / "metadata.csv").write_bytes(data)
    description = croissant(name, table, hashlib.sha256(data).hexdigest(), cfg, steps)
    text = json.dumps(description, indent=2, ensure_ascii=False)
    (folder / "croissant.json").write_text(text + "\n", encoding="utf-8")


def write_contact_sheet(folder: Path, rows: pd.DataFrame) -> None:
    """Write contact_sheet.png, made of images that are in `folder` already."""
    images = {
        label: [decode((folder / name).read_bytes()) for name in names]
        for label, names in choose_images(rows).items()
    }
    (folder / "contact_sheet.png").write_bytes(draw_contact_sheet(images))
