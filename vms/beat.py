"""Celery's beat on a clock that may be set back: by itself it would start nothing until the old time comes again."""

import logging
import os
from datetime import datetime
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from streams.ingest.pulse import find_pulse
from vms.schedule import LONG_AGO

logger = logging.getLogger(__name__)


class SteadyEntry(ModelEntry):  # type: ignore[misc]  # the package ships no types
    """A row of the schedule; what seems to have run in the future ran before the clock was set back, and is due."""

    last_run_at: datetime

    def is_due(self) -> Any:
        """Say whether the task is due, and when to ask again."""
        if self.last_run_at > self._default_now():
            self.last_run_at = LONG_AGO
        return super().is_due()


class SteadyScheduler(DatabaseScheduler):  # type: ignore[misc]  # the package ships no types
    """The schedule in the database; what was planned by a clock that was set back since is planned anew."""

    Entry = SteadyEntry
    _ticked_at: datetime | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pulse = find_pulse(os.environ)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start what is due; give the seconds until the next look."""
        self._pulse()
        now = self.app.now()
        if self._ticked_at is not None and now < self._ticked_at:
            seconds = (self._ticked_at - now).total_seconds()
            logger.warning("The clock was set back by %.0f s or more: the schedule goes on from now.", seconds)
            self._heap = None
            self._initial_read = True
        self._ticked_at = now
        seconds_to_next: float = super().tick(*args, **kwargs)
        return seconds_to_next
