"""What beat starts and how often; kept in the database, where operators may change the pace or switch a task off."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask


@dataclass(frozen=True)
class Periodic:
    """A task that starts every `seconds`, and `at_start`: also whenever the installation starts."""

    name: str
    task: str
    seconds: int
    at_start: bool = False

    @property
    def description(self) -> str:
        """What the row says of itself; it also tells later whether an operator changed the pace."""
        return f"Part of the VMS, every {self.seconds} seconds unless you change it."


PERIODIC_TASKS = (
    Periodic("Observe media servers", "observers.tasks.observe_servers", 10),
    Periodic("Tell the causes of outages", "observers.tasks.sweep_outages", 20),
    Periodic("Forget old outages", "observers.tasks.drop_old_outages", 24 * 3600),
    Periodic("Find gaps of the last hours", "recording.gaps.tasks.recompute_recent_gaps", 60),
    Periodic("Find gaps in all footage", "recording.gaps.tasks.recompute_all_gaps", 3600),
    Periodic("Note the heartbeat", "observers.tasks.note_heartbeat", 10),
    Periodic("End sessions whose right is gone", "streams.access.tasks.sweep_sessions", 3),
    Periodic("Keep switched-off cameras off the disk", "recording.tasks.apply_off_switch", 10),
    Periodic("Refresh the cache of recordings", "recording.tasks.refresh_recording_cache", 60),
    Periodic("Index growing footage", "recording.tasks.watch_footage", 10),
    Periodic("Watch for alarms", "observers.alarms.tasks.watch_alarms", 10),
    Periodic("Compare footage with its index", "recording.tasks.reconcile_footage", 3600, at_start=True),
    Periodic("Measure activity of old footage", "recording.tasks.measure_old_footage", 60),
    Periodic("Measure the disks", "recording.storage.tasks.measure_disks", 60, at_start=True),
    Periodic("Ask when MediaMTX deletes", "recording.storage.tasks.learn_delete_after", 300, at_start=True),
    Periodic("Forecast the disks", "recording.storage.tasks.forecast_disks", 600, at_start=True),
    Periodic("Turn the ring", "recording.retention.tasks.turn_rings", 60),
    Periodic("Seal deletion records", "recording.retention.tasks.seal_deletion_records", 3600),
    Periodic("Forget old errands", "inventory.tasks.drop_expired_errands", 900),
    Periodic("Keep held footage", "recording.holds.tasks.keep_links", 30),
    Periodic("Sweep the pictures", "replay.pictures.tasks.sweep_pictures", 60),
)


LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When a task that never ran ran last: so it is due at once, and a new installation is observed from the start."""


@transaction.atomic
def sync_schedule() -> list[str]:
    """Bring the rows in line with PERIODIC_TASKS and give the names of those that were made or changed.

    What an operator set stays: `enabled` always, the pace where it is not the one that we had set. Rows that are not
    ours are not looked at.
    """
    return [periodic.name for periodic in PERIODIC_TASKS if _sync_one(periodic)]


def make_due() -> None:
    """Have the tasks that belong to a start begin as soon as beat does; beat must not be running yet."""
    names = [periodic.name for periodic in PERIODIC_TASKS if periodic.at_start]
    PeriodicTask.objects.filter(name__in=names).update(last_run_at=LONG_AGO)


def _sync_one(periodic: Periodic) -> bool:
    row, made = PeriodicTask.objects.get_or_create(
        name=periodic.name,
        defaults={
            "task": periodic.task,
            "interval": _find_interval(periodic.seconds),
            "description": periodic.description,
            "expire_seconds": expire_before_next(periodic.seconds),
            "last_run_at": LONG_AGO,
        },
    )
    changes = {} if made else _find_changes(row, periodic)
    for name, value in changes.items():
        setattr(row, name, value)
    if changes:
        row.save()
    return made or bool(changes)


def _find_changes(row: Any, periodic: Periodic) -> dict[str, Any]:
    wanted: dict[str, Any] = {"task": periodic.task, "description": periodic.description}
    seconds = _seconds_of(row)
    if seconds is not None and _is_as_we_set_it(row, seconds):
        seconds = periodic.seconds
        wanted["interval"] = row.interval if _seconds_of(row) == seconds else _find_interval(seconds)
    if seconds is not None:
        wanted["expire_seconds"] = expire_before_next(seconds)
    return {name: value for name, value in wanted.items() if getattr(row, name) != value}


def expire_before_next(seconds: int) -> int | None:
    """Give the age at which a waiting start is worthless because the next one is due; None where none fits."""
    age = seconds - max(1, seconds // 10)
    return age if age > 0 else None


def _seconds_of(row: Any) -> int | None:
    """Give the row's period; None where an operator put a crontab or another schedule in the interval's place."""
    return None if row.interval is None else int(row.interval.schedule.run_every.total_seconds())


def _is_as_we_set_it(row: Any, seconds: int) -> bool:
    return bool(row.description == Periodic(row.name, row.task, seconds).description)


def _find_interval(seconds: int) -> Any:
    """Give the row for this pace; the table allows doubles, so the first one counts."""
    found = IntervalSchedule.objects.filter(every=seconds, period=IntervalSchedule.SECONDS).order_by("pk").first()
    return found or IntervalSchedule.objects.create(every=seconds, period=IntervalSchedule.SECONDS)
