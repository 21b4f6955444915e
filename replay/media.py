"""The bytes of a segment's file: which of them a request may have, decided before anything is opened."""

import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?", re.ASCII)


@dataclass(frozen=True)
class Part:
    """Bytes `first` up to `last` of a file; `is_whole`: all of it, asked for without a range."""

    first: int
    last: int
    is_whole: bool = False

    @property
    def size(self) -> int:
        """How many."""
        return self.last - self.first


def choose_part(asked: str, *, first: int, last: int, size: int) -> Part | None:
    """Decide which bytes of a file of `size` a request gets that asks so, of those from `first` up to `last`.

    A range is cut at `last`, as it is at a file's end; it may not begin elsewhere. What is no single range is no range,
    and without one there is the whole file or nothing. None where no bytes may be given.
    """
    match = _RANGE.fullmatch(asked.replace(" ", ""))
    if match is None or (match.group(1) is None and match.group(2) is None):
        is_whole = first == 0 and last == size
        return Part(0, size, is_whole=True) if is_whole else None
    begin = int(match[1]) if match[1] else max(0, size - int(match[2]))
    end = min(int(match[2]) + 1, last) if match[1] and match[2] else last
    if match[1] and match[2] and int(match[2]) < begin:
        return None
    return Part(begin, end) if first <= begin < end else None


def is_exact(asked: str, part: Part) -> bool:
    """Say whether a web server that reads the range by itself gives exactly this part."""
    return asked == f"bytes={part.first}-{part.last - 1}"


def open_footage(root: Path, file: str) -> io.FileIO:
    """Open a regular file below the folder of recordings. Raises OSError; FileNotFoundError for anything else."""
    opened = io.FileIO(os.open(root / file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK))
    if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        opened.close()
        raise FileNotFoundError(file)
    return opened


def spell_tag(status: os.stat_result) -> str:
    """Give the file's ETag as nginx spells it, so that both give the same."""
    return f'"{int(status.st_mtime):x}-{status.st_size:x}"'


class FilePart(io.RawIOBase):
    """A part of an open file, read from where it begins to where it ends; a server may send its descriptor instead.

    `at_end` is called once, when it is closed.
    """

    def __init__(self, file: io.FileIO, part: Part, at_end: Callable[[], object]) -> None:
        super().__init__()
        self._at_end = at_end
        self._file = file
        self._left = part.size
        file.seek(part.first)

    def fileno(self) -> int:
        """Give the descriptor, which stands where the part begins."""
        return self._file.fileno()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the descriptor, as a server does that has sent from it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Give where the descriptor stands, in the whole file."""
        return self._file.tell()

    def read(self, size: int = -1, /) -> bytes:
        """Give up to so many bytes of what is left of the part."""
        data = self._file.read(self._left if size < 0 else min(size, self._left)) or b""
        self._left -= len(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(CHUNK), b"")

    def close(self) -> None:
        if not self._file.closed:
            self._file.close()
            self._at_end()
        super().close()
