"""The schedule in the database: made once, followed by new versions, left alone where operators changed it."""

from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.core.management import call_command
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from vms import schedule
from vms.celery import app
from vms.schedule import PERIODIC_TASKS, Periodic, expire_before_next, sync_schedule

pytestmark = pytest.mark.django_db

NAME = "Observe media servers"


def read(name: str = NAME) -> tuple[str, int, int | None, bool]:
    row = PeriodicTask.objects.get(name=name)
    return row.task, row.interval.every, row.expire_seconds, row.enabled


def set_pace(every: int) -> None:
    interval, _ = IntervalSchedule.objects.get_or_create(every=every, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(name=NAME).update(interval=interval)


def test_every_task_exists() -> None:
    for periodic in PERIODIC_TASKS:
        module, _, name = periodic.task.rpartition(".")
        assert getattr(import_module(module), name).name == periodic.task


def test_the_schedule_is_made_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sync_schedule")
    assert capsys.readouterr().out.splitlines() == [f"scheduled: {periodic.name}" for periodic in PERIODIC_TASKS]
    assert {periodic.name: read(periodic.name) for periodic in PERIODIC_TASKS} == {
        "Observe media servers": ("observers.tasks.observe_servers", 10, 9, True),
        "Tell the causes of outages": ("observers.tasks.sweep_outages", 20, 18, True),
        "Forget old outages": ("observers.tasks.drop_old_outages", 86400, 77760, True),
        "Find gaps of the last hours": ("recording.gaps.tasks.recompute_recent_gaps", 60, 54, True),
        "Find gaps in all footage": ("recording.gaps.tasks.recompute_all_gaps", 3600, 3240, True),
        "Note the heartbeat": ("observers.tasks.note_heartbeat", 10, 9, True),
        "End sessions whose right is gone": ("streams.access.tasks.sweep_sessions", 3, 2, True),
        "Keep switched-off cameras off the disk": ("recording.tasks.apply_off_switch", 10, 9, True),
        "Refresh the cache of recordings": ("recording.tasks.refresh_recording_cache", 60, 54, True),
        "Index growing footage": ("recording.tasks.watch_footage", 10, 9, True),
        "Watch for alarms": ("observers.alarms.tasks.watch_alarms", 10, 9, True),
        "Compare footage with its index": ("recording.tasks.reconcile_footage", 3600, 3240, True),
        "Measure activity of old footage": ("recording.tasks.measure_old_footage", 60, 54, True),
        "Measure the disks": ("recording.storage.tasks.measure_disks", 60, 54, True),
        "Ask when MediaMTX deletes": ("recording.storage.tasks.learn_delete_after", 300, 270, True),
        "Forecast the disks": ("recording.storage.tasks.forecast_disks", 600, 540, True),
        "Turn the ring": ("recording.retention.tasks.turn_rings", 60, 54, True),
        "Seal deletion records": ("recording.retention.tasks.seal_deletion_records", 3600, 3240, True),
        "Forget old errands": ("inventory.tasks.drop_expired_errands", 900, 810, True),
        "Keep held footage": ("recording.holds.tasks.keep_links", 30, 27, True),
        "Sweep the pictures": ("replay.pictures.tasks.sweep_pictures", 60, 54, True),
    }
    changed = PeriodicTasks.last_change()
    call_command("sync_schedule")
    assert capsys.readouterr().out == ""
    assert PeriodicTasks.last_change() == changed


def test_what_an_operator_set_stays() -> None:
    sync_schedule()
    set_pace(30)
    PeriodicTask.objects.filter(name=NAME).update(enabled=False)
    assert sync_schedule() == [NAME]  # only what must follow from the pace
    assert read() == ("observers.tasks.observe_servers", 30, 27, False)
    assert sync_schedule() == []


def test_a_new_version_changes_what_nobody_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    sync_schedule()
    newer = [Periodic(each.name, each.task, 20 if each.name == NAME else each.seconds) for each in PERIODIC_TASKS]
    monkeypatch.setattr(schedule, "PERIODIC_TASKS", newer)
    assert sync_schedule() == [NAME]
    assert read() == ("observers.tasks.observe_servers", 20, 18, True)


def test_a_new_version_leaves_an_operators_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    sync_schedule()
    set_pace(30)
    monkeypatch.setattr(schedule, "PERIODIC_TASKS", [Periodic(NAME, "observers.tasks.observe_servers", 20)])
    sync_schedule()
    assert read() == ("observers.tasks.observe_servers", 30, 27, True)
    sync_schedule()
    assert read()[1] == 30


def test_a_crontab_in_the_intervals_place_stays() -> None:
    sync_schedule()
    crontab = CrontabSchedule.objects.create(minute="*/5")
    PeriodicTask.objects.filter(name=NAME).update(interval=None, crontab=crontab)
    sync_schedule()
    row = PeriodicTask.objects.get(name=NAME)
    assert (row.interval, row.crontab) == (None, crontab)


def test_an_operators_own_rows_and_doubled_intervals_do_no_harm() -> None:
    for _ in range(2):
        IntervalSchedule.objects.create(every=10, period=IntervalSchedule.SECONDS)
    first = IntervalSchedule.objects.order_by("pk").first()
    own = PeriodicTask.objects.create(name="Mine", task="mine", interval=first)
    sync_schedule()
    own.refresh_from_db()
    assert (own.name, own.task, own.interval) == ("Mine", "mine", first)
    assert PeriodicTask.objects.filter(name="Mine").count() == 1


def test_a_waiting_start_expires_before_the_next_is_due() -> None:
    assert [expire_before_next(seconds) for seconds in (0, 1, 2, 10, 60, 3600)] == [None, None, 1, 9, 54, 3240]


def test_what_belongs_to_a_start_is_due_at_once() -> None:
    call_command("sync_schedule")
    ran = datetime(2026, 1, 27, tzinfo=UTC)
    PeriodicTask.objects.update(last_run_at=ran)
    schedule.make_due()
    due = set(PeriodicTask.objects.exclude(last_run_at=ran).values_list("name", "last_run_at"))
    assert due == {(each.name, schedule.LONG_AGO) for each in PERIODIC_TASKS if each.at_start}
    assert ("Compare footage with its index", schedule.LONG_AGO) in due


def test_what_may_take_long_never_stands_before_the_states() -> None:
    names = ["observers.tasks.observe_server", "recording.tasks.watch_server_footage"]
    slow = ["recording.tasks.reconcile_server_footage", "recording.tasks.measure_old_footage"]
    queues = {name: app.amqp.router.route({}, name)["queue"].name for name in [*names, *slow]}
    assert queues == {**dict.fromkeys(names, "celery"), **dict.fromkeys(slow, "footage")}
