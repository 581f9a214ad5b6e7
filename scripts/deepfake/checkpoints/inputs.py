"""The decoded images of a dataset as a model takes them."""

from collections.abc import Sequence
from pathlib import Path

from deepfake.inputs.decoded import Decoded, check_size, read_decoded
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.pixels import BadImage


def read_inputs(
    geometries: Sequence[Geometry], images: Sequence[str | Path], rows: Sequence[str | Path]
) -> list[Decoded]:
    """The decoded images (npy) and rows (csv) at each of a model's `geometries`, in their order.

    Raises BadImage where they can't be read, aren't what the model takes, or aren't of the same images, and
    OSError where there is no file.
    """
    if not len(images) == len(rows) == len(geometries):
        wanted = ", ".join(geometry.name for geometry in geometries)
        raise BadImage(f"the model takes images at {wanted}; give images and rows for each, in this order")
    found = [read_decoded(*pair) for pair in zip(images, rows, strict=True)]
    for one, geometry, path, table in zip(found, geometries, images, rows, strict=True):
        check_size(one, geometry.size, path)
        if not one.rows.equals(found[0].rows):
            raise BadImage(f"{table} and {rows[0]} are not of the same images; delete both and run again")
    return found
