"""The memory that a network's layers work in, kept from one image to the next."""

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's mallopt
LARGEST = 2**31 - 1  # bytes


def keep_freed_memory() -> None:
    """Have this process keep the memory that it frees; where the C library isn't glibc, do nothing.

    glibc gives blocks of more than 32 MB back to the system at once, and what a layer of MesoNet puts out is
    more. To be given cleared pages again for each layer costs more than to compute in them.
    """
    with suppress(OSError, AttributeError):  # another system, or another C library
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, LARGEST)
