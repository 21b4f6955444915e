"""Bytes of a segment's file, read as they are needed and not believed."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from footage.reader import Fragment

MOST_HEAD_BYTES = 1 << 20


class UnreadableFootage(Exception):
    """The file is gone, torn, or another one than the index knows."""


def read_footage(path: Path, first: Fragment, fragments: Sequence[Fragment]) -> bytes:
    """Give the head of the file, which ends where its `first` fragment begins, and the fragments.

    Raises UnreadableFootage.
    """
    if not 0 < first.offset <= MOST_HEAD_BYTES:
        raise UnreadableFootage("a head of that size")
    try:
        # No link is followed, and a pipe under a segment's name does not keep us waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnreadableFootage("no regular file")
            head = _read(descriptor, 0, first.offset, b"ftyp")
            return head + b"".join(_read(descriptor, each.offset, each.size, b"moof") for each in fragments)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnreadableFootage(str(error)) from error


def _read(descriptor: int, offset: int, size: int, kind: bytes) -> bytes:
    data = os.pread(descriptor, size, offset)
    if len(data) != size or data[4:8] != kind:
        raise UnreadableFootage(f"no {kind.decode()} of {size} bytes at {offset}")
    return data
