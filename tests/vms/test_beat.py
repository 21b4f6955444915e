"""The schedule on a clock that is set back, as a wrong one is when the machine finds its time server."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django_celery_beat.models import PeriodicTask

from streams.ingest.pulse import PULSE_VARIABLE
from vms.beat import SteadyEntry, SteadyScheduler
from vms.celery import app
from vms.launcher.children import Pulse
from vms.schedule import PERIODIC_TASKS, sync_schedule

pytestmark = pytest.mark.django_db(transaction=True)

ALL = sorted(periodic.name for periodic in PERIODIC_TASKS)
EACH_TEN_SECONDS = sorted(periodic.name for periodic in PERIODIC_TASKS if periodic.seconds <= 10)


class Clock:
    """The machine's time, set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 27, 3, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Scheduler(SteadyScheduler):
    """Notes what it would send."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        super().__init__(app=app, lazy=True)
        # At the end of the process it would write to a database that is gone by then.
        self._finalize.cancel()

    def apply_entry(self, entry: Any, **_producer: Any) -> None:
        self.sent.append(entry.name)

    def take_sent(self) -> list[str]:
        """Look until nothing is due; give what was sent since the last time, of our own tasks."""
        while self.tick() == 0:
            pass
        taken, self.sent = sorted(set(self.sent) & set(ALL)), []
        return taken


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    # Celery and the package read the time in three places, and none of them can be handed a clock.
    monkeypatch.setattr(app, "now", clock)
    monkeypatch.setattr("django_celery_beat.models.now", clock)
    monkeypatch.setattr(SteadyEntry, "_default_now", lambda _entry: clock())
    return clock


@pytest.fixture
def start(clock: Clock) -> Callable[[], Scheduler]:
    sync_schedule()
    return Scheduler


def test_beat_uses_it() -> None:
    assert f"{SteadyScheduler.__module__}:{SteadyScheduler.__qualname__}" == settings.CELERY_BEAT_SCHEDULER


def test_tasks_go_on_when_the_clock_is_set_back(clock: Clock, start: Callable[[], Scheduler]) -> None:
    scheduler = start()
    assert scheduler.take_sent() == ALL
    clock.now -= timedelta(hours=3)
    assert scheduler.take_sent() == ALL
    clock.now += timedelta(seconds=11)
    assert scheduler.take_sent() == EACH_TEN_SECONDS


def test_what_ran_before_the_clock_was_set_back_is_due_at_a_start(clock: Clock, start: Callable[[], Scheduler]) -> None:
    PeriodicTask.objects.update(last_run_at=clock.now + timedelta(hours=3))
    scheduler = start()
    PeriodicTask.objects.update(last_run_at=clock.now + timedelta(hours=3))
    assert scheduler.take_sent() == ALL
    assert scheduler.take_sent() == []


def test_each_look_is_a_sign_of_life(start: Callable[[], Scheduler], monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = Pulse()
    monkeypatch.setenv(PULSE_VARIABLE, str(pulse.passed_on))
    scheduler = start()
    assert pulse.was_felt() is False
    scheduler.tick()
    assert [pulse.was_felt(), pulse.was_felt()] == [True, False]
    pulse.keep_reading_end()
    pulse.close()
