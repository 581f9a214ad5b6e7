"""Keep the memory that a network's layers free, for the next image."""

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # parameters of glibc's mallopt
MAX_BYTES = 2**31 - 1


def keep_freed_memory() -> None:
    """Have this process keep the memory that it frees; do nothing where the C library isn't glibc.

    glibc returns blocks of more than 32 MB to the system at once, and the output of a layer of MesoNet is
    larger than that. Getting cleared pages again for each layer takes longer than computing in them.
    """
    with suppress(OSError, AttributeError):  # another system, or another C library
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, MAX_BYTES)
