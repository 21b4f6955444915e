"""Who may have a picture decoded now: two at a time in a process, two more wait, one person has two of these places.

Everybody else is told at once to come again: a thread that waits serves nobody.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

AT_WORK, IN_THE_HOUSE, EACH = 2, 4, 2
WAIT_SECONDS = 2.0


class Busy(Exception):
    """No turn is free; come again in a second."""


class Turns:
    """Hands out the turns of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working = threading.BoundedSemaphore(AT_WORK)
        self._of: Counter[UUID | int | None] = Counter()

    @contextmanager
    def take(self, who: UUID | int | None) -> Iterator[None]:
        """Hold a turn while the block runs; raises Busy where none comes free within two seconds."""
        self._enter(who)
        try:
            if not self._working.acquire(timeout=WAIT_SECONDS):
                raise Busy
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._leave(who)

    def _enter(self, who: UUID | int | None) -> None:
        with self._lock:
            if self._of[who] >= EACH or self._of.total() >= IN_THE_HOUSE:
                raise Busy
            self._of[who] += 1

    def _leave(self, who: UUID | int | None) -> None:
        with self._lock:
            self._of[who] -= 1
            self._of += Counter()


turns = Turns()
