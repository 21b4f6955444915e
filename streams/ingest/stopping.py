"""How a single-threaded process is asked to stop while it sleeps, and how it bounds a call that may hang."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TookTooLong(Exception):
    """A call was cut short because its time was over."""


class StopRequest:
    """Asked for by a signal or by `ask()`; whoever sleeps in `wait()` wakes at once."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def ask(self, signal_number: int = 0, frame: FrameType | None = None) -> None:  # noqa: ARG002 -- a signal handler's signature
        """Ask to stop; may be called again and again."""
        os.write(self._writer, b"s")

    def wait(self, seconds: float) -> bool:
        """Sleep; give at once whether a stop was asked for."""
        return bool(select.select([self._reader], [], [], seconds)[0])

    def listen(self, *signal_numbers: signal.Signals) -> None:
        """Take these signals for the wish to stop."""
        for number in signal_numbers:
            signal.signal(number, self.ask)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TookTooLong inside the block when it takes longer; main thread only, uses SIGALRM.

    psycopg waits without a timeout of its own for a server that is frozen or behind a dead network.
    """

    def cut_short(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- a signal handler's signature
        raise TookTooLong(f"No answer within {seconds:.0f} s.")

    before = signal.signal(signal.SIGALRM, cut_short)
    # Again each second after: what is raised inside a destructor is lost.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
