"""Being asked to stop: by Ctrl-C, by a service manager, by a terminal that was closed."""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from vms.launcher.errors import StopRequested

SAME_REQUEST_SECONDS = 1.0
"""Signals closer together than this are one request: `timeout` and some shells deliver theirs twice."""


class StopRequests:
    """While entered, signals are noted instead of ending us.

    ``asked`` is whether to stop; ``insisted`` whether a second Ctrl-C asked to stop at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.asked = False
        self.insisted = False
        self._clock = clock
        self._asked_at = 0.0

    def __enter__(self) -> Self:
        """Take the signals over (a SIGHUP that `nohup` silenced stays silent)."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.note)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """After the end of a run nothing is left to stop: an impatient Ctrl-C must not spoil our exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Take note of one signal."""
        now = self._clock()
        if not self.asked:
            self.asked, self._asked_at = True, now
        elif number == signal.SIGINT and now - self._asked_at > SAME_REQUEST_SECONDS:
            self.insisted = True

    def raise_if_asked(self) -> None:
        """Raise StopRequested if we have been asked to stop."""
        if self.asked:
            raise StopRequested
