"""The ingest's questions to its database, which may be away at any moment without stopping a single picture."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection

from streams.ingest.stopping import TookTooLong

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 5.0
"""Seconds between two attempts to reach a database that is away."""

Answer = TypeVar("Answer")


class Database:
    """Asks; while there is no answer it waits longer and longer between attempts, and says so once."""

    def __init__(self, time_limit: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._time_limit = time_limit
        self._away_since: float | None = None
        self._pause = 0.0
        self._next_try = 0.0

    def ask(self, question: Callable[[], Answer], now: float) -> Answer | None:
        """Give the answer; None where there was none, or where it is too early to try again."""
        if now < self._next_try:
            return None
        try:
            with self._time_limit():
                answer = question()
        except (OperationalError, InterfaceError, InternalError, TookTooLong) as error:
            self._note_away(error, now)
            return None
        self._note_back(now)
        return answer

    def _note_away(self, error: Exception, now: float) -> None:
        # A connection that failed once is not asked again: the next question opens a new one.
        connection.close()
        if self._away_since is None:
            self._away_since = now
            reason = " ".join(str(error).split())
            logger.warning("The database does not answer; running pictures go on. %s", reason)
        self._pause = min(LONGEST_PAUSE, max(1.0, 2 * self._pause))
        self._next_try = now + self._pause

    def _note_back(self, now: float) -> None:
        if self._away_since is not None:
            logger.info("The database is back after %.0f s.", now - self._away_since)
        self._away_since = None
        self._pause = 0.0
