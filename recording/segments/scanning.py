"""What lies in folders, put into texts: by whoever calls, or as all that a process does which another one started.

Started as `python -I -S scanning.py` (see `recording/segments/scanners.py`). It imports next to nothing and nothing of
ours, so that such a process is there after ten milliseconds.
"""

import errno
import gc
import marshal
import os
import sys
from struct import pack

POLITENESS = 10
"""Niceness of a process that scans or reads for the index: recording and watching come first."""

IRREGULAR = -1
"""The size of what is no regular file. Of what `stat` refused it is less by the number of the error."""

_KIND, _REGULAR = 0o170000, 0o100000  # of a mode, as POSIX's <sys/stat.h> numbers them

Found = tuple[bytes, str, bytes]
"""The names in a folder in order, with a `/` between them, which no name can hold; in the same order their sizes with
blanks between them, and their times of change as doubles. The size of what is no regular file is IRREGULAR, and what
`stat` refused has less."""

Refused = tuple[int, str]
"""The number and the words of the error for which a folder could not be scanned."""


def scan(folder: bytes) -> Found:
    """Give what `stat` says of all in the folder, nothing where there is none; no link is followed.

    Raises OSError where the folder itself cannot be read; what one name is refused for hides no other.
    """
    try:
        with os.scandir(folder) as entries:
            # Spelled out, for each word of it is done a million times where there are a million files.
            seen = {
                entry.name: (status.st_size if status.st_mode & _KIND == _REGULAR else IRREGULAR, status.st_mtime)
                for entry in entries
                for status in (entry.stat(follow_symlinks=False),)
            }
    except OSError:
        seen = _scan_one_by_one(folder)
    names = sorted(seen)
    sizes, times = zip(*map(seen.__getitem__, names), strict=True) if names else ((), ())
    return b"/".join(names), " ".join(map(str, sizes)), pack(f"{len(times)}d", *times)


def try_scan(folder: bytes) -> Found | Refused:
    """Give what is in the folder, or why that cannot be said."""
    try:
        return scan(folder)
    except OSError as error:
        return error.errno or 0, error.strerror or str(error)


def main() -> None:
    """Scan the folders that whoever started this process names, one list after the other, until nobody asks."""
    os.nice(POLITENESS)
    # What is seen are plain values by the thousand, among which the collector would search again and again for rings.
    gc.disable()
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        while True:
            folders = marshal.load(orders)  # noqa: S302 -- the pipe of the process that started us
            marshal.dump([try_scan(folder) for folder in folders], answers)
            answers.flush()
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return


def _scan_one_by_one(folder: bytes) -> dict[bytes, tuple[int, float]]:
    """Scan a folder of which something was deleted while it was scanned or is refused, or that is not there."""
    seen: dict[bytes, tuple[int, float]] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    seen[entry.name] = IRREGULAR - (error.errno or errno.EIO), 0.0
                    continue
                is_regular = status.st_mode & _KIND == _REGULAR
                seen[entry.name] = status.st_size if is_regular else IRREGULAR, status.st_mtime
    except FileNotFoundError:
        return seen
    return seen


if __name__ == "__main__":
    main()
