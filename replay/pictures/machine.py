"""Two groups are made anew at once on a machine, whichever of its processes is asked: by locks of the file system."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replay.pictures.turns import Busy

AT_ONCE = 2
WAIT_SECONDS = 3.0
_PAUSE = 0.05


@contextmanager
def machine_turn(folder: Path) -> Iterator[None]:
    """Hold one of the machine's turns while the block runs; raises Busy where none comes free, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = _lock_any(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock_any(folder: Path) -> int:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        for number in range(AT_ONCE):
            descriptor = os.open(folder / f".turn-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        if time.monotonic() >= deadline:
            raise Busy
        time.sleep(_PAUSE)
