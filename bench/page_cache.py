"""Puts a file out of the page cache, and looks whether it truly left."""

import ctypes
import mmap
import os
import time
from pathlib import Path

PATIENCE_SECONDS = 2.0
"""A page that something still holds, for instance a socket that has just sent it, stays at first."""


def evict(file: Path) -> bool:
    """Have the file's pages written and let go; False where some stay, as all do on a file system that is memory."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        while not (is_gone := _let_go(descriptor)) and time.monotonic() < deadline:
            time.sleep(0.01)
        return is_gone
    finally:
        os.close(descriptor)


def count_resident(descriptor: int) -> int:
    """Count the pages of an open file that lie in memory."""
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY) as mapped:
        pages = (ctypes.c_ubyte * -(-len(mapped) // mmap.PAGESIZE))()
        # The mapping cannot be closed while this name for its first byte lives.
        first = ctypes.c_char.from_buffer(mapped)
        place, length = ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(len(mapped))
        failed = ctypes.CDLL(None, use_errno=True).mincore(place, length, pages)
        del first
    if failed:
        raise OSError(ctypes.get_errno(), "mincore")
    return len(pages) - bytes(pages).count(0)


def _let_go(descriptor: int) -> bool:
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    return count_resident(descriptor) == 0
