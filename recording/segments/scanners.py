"""Processes that scan folders for a full pass beside this one; where one is lost, its folders are scanned here."""

import logging
import marshal
import os
import select
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from subprocess import PIPE, Popen
from uuid import UUID

from recording.segments.disk import Listing, name_folder, read_found
from recording.segments.index import in_batches
from recording.segments.scanning import Found, Refused, try_scan

logger = logging.getLogger(__name__)

LEAST_FILES = 15_000
"""Fewer are scanned before the processes have started."""

MOST_SCANNERS = 4
MOST_FOLDERS = 60
"""Of one order."""

ORDERS_EACH = 8
"""Some folders are fuller than others: with so many orders for each process, all of them end at about the same time."""

PATIENCE_SECONDS = 600.0
"""A disk may take minutes over folders that nobody looked into for long."""

ARGV = (sys.executable, "-I", "-S", str(Path(__file__).with_name("scanning.py")))
_ENVIRONMENT_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Scanners:
    """Idle processes, of which each takes one order at a time; called from `at_once` threads.

    Without any process, orders are carried out by who gives them.
    """

    def __init__(self, processes: Sequence[Popen[bytes]] = ()) -> None:
        self.at_once = max(1, len(processes))
        self._orders = len(processes) * ORDERS_EACH
        self._idle = SimpleQueue[Popen[bytes] | None]()
        for process in processes:
            self._idle.put(process)
        if not processes:
            self._idle.put(None)

    def divide(self, camera_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
        """Give the cameras in order, as many at a time as one order should name."""
        share = -(-len(camera_ids) // self._orders) if self._orders else MOST_FOLDERS
        return in_batches(camera_ids, min(max(1, share), MOST_FOLDERS))

    def scan(self, root: Path, camera_ids: Sequence[UUID]) -> dict[UUID, Listing | OSError]:
        """Give what is in these cameras' folders, or why that cannot be said."""
        folders = [name_folder(root, camera_id) for camera_id in camera_ids]
        return dict(zip(camera_ids, self._scan(folders), strict=True))

    def _scan(self, folders: list[bytes]) -> list[Listing | OSError]:
        process = self._idle.get()
        try:
            if process is not None:
                return _ask(process, folders)
        except (OSError, EOFError, ValueError, TypeError) as error:
            logger.warning("a process that scans folders was lost (%s); its folders are scanned without it", error)
            process = None  # what it may still say would be taken for the answer to another order
        finally:
            self._idle.put(process)
        return [_read(try_scan(folder)) for folder in folders]


@contextmanager
def start_scanners(files: int) -> Iterator[Scanners]:
    """Start as many processes as there are processors to scan with, and end them; none for so few files."""
    with ExitStack() as ending:
        wanted = min(MOST_SCANNERS, os.cpu_count() or 1) if files >= LEAST_FILES else 0
        yield Scanners([process for _ in range(wanted) if (process := _start(ending))])


def _ask(process: Popen[bytes], folders: list[bytes]) -> list[Listing | OSError]:
    if process.stdin is None or process.stdout is None:
        raise EOFError("no pipes")
    marshal.dump(folders, process.stdin)
    process.stdin.flush()
    answered = select.poll()
    answered.register(process.stdout, select.POLLIN)
    if not answered.poll(PATIENCE_SECONDS * 1000):
        raise TimeoutError(f"no answer within {PATIENCE_SECONDS} s")
    found = list(map(_read, marshal.load(process.stdout)))  # noqa: S302 -- the pipe of a process that we started
    if len(found) != len(folders):
        raise ValueError(f"{len(found)} answers for {len(folders)} folders")
    return found


def _read(answer: Found | Refused) -> Listing | OSError:
    return OSError(*answer) if len(answer) == 2 else read_found(answer)


def _start(ending: ExitStack) -> Popen[bytes] | None:
    environment = {name: os.environ[name] for name in _ENVIRONMENT_KEPT if name in os.environ}
    try:
        process = Popen(ARGV, stdin=PIPE, stdout=PIPE, env=environment)
    except OSError as error:
        logger.warning("a process that scans folders could not be started: %s", error)
        return None
    ending.callback(_end, process)
    return process


def _end(process: Popen[bytes]) -> None:
    """It has nothing to finish, whatever it is at."""
    process.kill()
    process.communicate()
