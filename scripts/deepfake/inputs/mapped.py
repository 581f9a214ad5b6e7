"""Arrays in .npy files that may be larger than the memory: mapped, and read where they are indexed."""

import mmap
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO

import numpy as np

from deepfake.inputs.pixels import InvalidImage


@dataclass(frozen=True, eq=False)
class MappedArray:
    """`array` is mapped into memory, by `mapping`, and read where it is indexed."""

    array: np.ndarray
    mapping: mmap.mmap

    def take(self, *index: object) -> np.ndarray:
        """Return a copy of `array[index]`; at least one part of `index` is an array of numbers.

        The pages that were read are released. Otherwise they would count as memory of this process, though
        they are the system's cache of the file, and a cluster would end a job with a large dataset for it.
        """
        taken = self.array[index]
        self.mapping.madvise(mmap.MADV_DONTNEED)
        return taken


def map_array(path: str | Path) -> MappedArray:
    """Return the array of a .npy file in the order of rows; InvalidImage if it can't be read whole."""
    with open(path, "rb") as file:
        try:
            np.lib.format.read_magic(file)
            shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
            if by_columns:
                raise ValueError("it is in the order of columns")
            mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            values = np.frombuffer(mapping, dtype, offset=file.tell()) if prod(shape) else np.empty(0, dtype)
            return MappedArray(values.reshape(shape), mapping)
        except (ValueError, SyntaxError, TokenError) as error:
            raise InvalidImage(f"{path} can't be read ({error}); delete it and run again") from None


def write_header(file: BinaryIO, dtype: str, shape: tuple[int, ...]) -> None:
    """Write the header of a .npy file whose values, of `dtype` such as "|u1", follow in the order of rows."""
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
