"""Bytes of a segment's file, read as they are needed and not believed."""

import io
from pathlib import Path
from types import TracebackType
from typing import Self

from footage.boxes import iterate_boxes
from footage.errors import BrokenBox
from footage.header import Head, parse_head
from footage.reader import Fragment
from replay.media import open_footage

MOST_HEAD_BYTES = 1 << 20


class UnreadableFootage(Exception):
    """The file is gone, torn, or another one than the index knows."""


class OpenFootage:
    """A segment's file, open; everything that is read of it must be there. Raises UnreadableFootage throughout."""

    def __init__(self, path: Path) -> None:
        try:
            self._file: io.FileIO = open_footage(path.parent, path.name)
        except OSError as error:
            raise UnreadableFootage(str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def read(self, offset: int, size: int) -> bytes:
        """Give so many bytes."""
        try:
            self._file.seek(offset)
            data = self._file.read(size) or b""
        except OSError as error:
            raise UnreadableFootage(str(error)) from error
        if len(data) != size:
            raise UnreadableFootage(f"no {size} bytes at {offset}")
        return data

    def read_head(self, first: Fragment) -> bytes:
        """Give the head of the file, which ends where its first fragment begins."""
        if not 0 < first.offset <= MOST_HEAD_BYTES:
            raise UnreadableFootage("a head of that size")
        return _check(self.read(0, first.offset), b"ftyp")

    def read_fragment(self, fragment: Fragment) -> bytes:
        """Give a fragment."""
        return _check(self.read(fragment.offset, fragment.size), b"moof")


def parse_file_head(head: bytes) -> Head:
    """Give what the head of a file tells. Raises UnreadableFootage."""
    try:
        moov = next((box for box in iterate_boxes(head, 0, len(head)) if box.kind == b"moov"), None)
        if moov is None:
            raise UnreadableFootage("no moov")
        return parse_head(head, moov.body, moov.end)
    except BrokenBox as error:
        raise UnreadableFootage(str(error)) from error


def _check(data: bytes, kind: bytes) -> bytes:
    if data[4:8] != kind:
        raise UnreadableFootage(f"no {kind.decode()}")
    return data
