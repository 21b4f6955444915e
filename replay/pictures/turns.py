"""Who may have a picture decoded now: so many at a time in a process, some more wait, one person has half the places.

Everybody else is told at once to come again: a thread that waits serves nobody.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

AT_WORK = 2
WAIT_SECONDS = 2.0


class Busy(Exception):
    """No turn is free; come again in a second."""


class Turns:
    """Hands out the turns of one process: to `in_the_house` at once, to `each` person so many of them."""

    def __init__(self, in_the_house: int, each: int) -> None:
        self._in_the_house, self._each = in_the_house, each
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
            if self._of[who] >= self._each or self._of.total() >= self._in_the_house:
                raise Busy
            self._of[who] += 1

    def _leave(self, who: UUID | int | None) -> None:
        with self._lock:
            self._of[who] -= 1
            self._of += Counter()


turns = Turns(in_the_house=4, each=2)
"""Of single pictures."""

group_turns = Turns(in_the_house=8, each=4)
"""Of groups in H.264; whoever plays nine cameras at once is asked to come again more often."""
