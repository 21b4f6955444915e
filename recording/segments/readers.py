"""Processes that read files for the index beside this one; where one is lost, its files are read here."""

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from subprocess import PIPE, Popen

from django.conf import settings

from recording.segments.reading import Order, Reading, read_batch, receive_reading, send_order

logger = logging.getLogger(__name__)

LEAST_FILES = 4000
"""Fewer are read before the processes have started."""

MOST_READERS = 4
PATIENCE_SECONDS = 10.0

ARGV = (sys.executable, "-m", "recording.segments.reading")


class Readers:
    """Idle processes, of which each takes one order at a time; called from as many threads as there are processes."""

    def __init__(self, processes: Sequence[Popen[bytes]]) -> None:
        self.count = len(processes)
        self._idle = SimpleQueue[Popen[bytes]]()
        for process in processes:
            self._idle.put(process)

    def read(self, order: Order) -> Reading:
        """Have the files read by the next process that is idle."""
        process = self._idle.get()
        try:
            return _ask(process, order)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            logger.warning("a process that reads footage was lost (%s); its files are read without it", error)
            process.kill()  # what it may still say would be taken for the answer to another order
            return read_batch(order)
        finally:
            self._idle.put(process)


@contextmanager
def start_readers(files: int) -> Iterator[Readers | None]:
    """Start as many processes as there are processors to read with, and end them; None for so few files."""
    if files < LEAST_FILES:
        yield None
        return
    processes = [_start() for _ in range(min(MOST_READERS, os.cpu_count() or 1))]
    try:
        yield Readers(processes)
    finally:
        for process in processes:
            _end(process)


def _ask(process: Popen[bytes], order: Order) -> Reading:
    if process.stdin is None or process.stdout is None:
        raise EOFError("no pipes")
    send_order(order, process.stdin)
    return receive_reading(process.stdout)


def _start() -> Popen[bytes]:
    return Popen(ARGV, stdin=PIPE, stdout=PIPE, cwd=settings.BASE_DIR)


def _end(process: Popen[bytes]) -> None:
    """A reader ends when its orders do; one that is still at a batch nobody waits for is not waited for either."""
    try:
        process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    except OSError as error:
        logger.warning("a process that reads footage ended badly: %s", error)
        process.wait()
