"""What was deleted is written down once, sealed when its day is over, and no row is altered unseen."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from cities.errors import Conflict
from cities.scope import OutsideScope, city_scope
from recording.gaps.spans import Span
from recording.models import Deletion, DeletionRecord
from recording.retention.deletions import Deleted, note_deletions
from recording.retention.records import compute_digest, seal_deletion_records, sign_off, verify_records
from recording.retention.tasks import seal_deletion_records as seal_task
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]

NOON = datetime(2026, 1, 27, 15, tzinfo=UTC)  # 12:00 in São Paulo
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def gone(world: World, *, rule: str = "age", early: bool = False, size: int = 10, start: datetime = NOON) -> Deleted:
    end = start + timedelta(minutes=1)
    return Deleted(world.camera.pk, world.city.pk, start, end, size, rule, early)


def days() -> list[date]:
    return list(DeletionRecord.objects.order_by("pk").values_list("day", flat=True))


def test_what_one_rule_took_in_a_day_is_one_row(world: World) -> None:
    note_deletions([gone(world), gone(world, size=5, start=NOON - DAY)], NOON)
    note_deletions([gone(world, size=10**15, start=NOON + DAY)], NOON + timedelta(hours=1))
    note_deletions([gone(world, rule="quota", early=True), gone(world, rule="quota")], NOON)
    row = Deletion.objects.get(rule="age")
    assert (row.day, row.segments, row.bytes) == (date(2026, 1, 27), 3, 10**15 + 15)
    assert (row.start, row.end) == (NOON - DAY, NOON + DAY + timedelta(minutes=1))
    assert row.last_at == NOON + timedelta(hours=1)
    assert sorted(Deletion.objects.values_list("rule", "is_early")) == [
        ("age", False),
        ("quota", False),
        ("quota", True),
    ]
    note_deletions([], NOON)


def test_a_day_is_the_citys(world: World) -> None:
    world.other_city.time_zone = "Asia/Tokyo"
    world.other_city.save()
    late = datetime(2026, 1, 28, 1, tzinfo=UTC)
    there = world.foreign_camera
    note_deletions([gone(world), Deleted(there.pk, there.city_id, NOON, NOON, 1, "age", is_early=False)], late)
    found = dict(Deletion.objects.values_list("city_id", "day"))
    assert found == {world.city.pk: date(2026, 1, 27), world.other_city.pk: date(2026, 1, 28)}


def test_deletions_of_a_city_out_of_scope_are_not_written(world: World) -> None:
    with city_scope(world.other_city.pk), pytest.raises(OutsideScope):
        note_deletions([gone(world)], NOON)


def test_a_day_is_sealed_once_an_hour_after_it_is_over(world: World) -> None:
    note_deletions([gone(world)], NOON)
    midnight = datetime(2026, 1, 28, 3, tzinfo=UTC)
    assert [seal_deletion_records(midnight + timedelta(minutes=minutes)) for minutes in (-1, 1, 59, 60, 61)] == [
        *(0, 0, 0),
        *(1, 0),
    ]
    record = DeletionRecord.objects.get()
    assert (record.city_id, record.day, record.segments, record.bytes) == (world.city.pk, date(2026, 1, 27), 1, 10)
    assert list(verify_records()) == []


def test_a_day_without_deletions_gets_no_record_and_each_holds_the_one_before(world: World) -> None:
    for later in (0, 1, 4):
        note_deletions([gone(world, early=later == 1, rule="watermark")], NOON + later * DAY)
    assert seal_deletion_records(NOON + 6 * DAY) == 3
    first, second, third = DeletionRecord.objects.order_by("pk")
    assert days() == [date(2026, 1, 27), date(2026, 1, 28), date(2026, 1, 31)]
    assert [each.early_segments for each in (first, second, third)] == [0, 1, 0]
    assert (first.previous_digest, second.previous_digest, third.previous_digest) == ("", first.digest, second.digest)
    assert seal_deletion_records(NOON + 7 * DAY) == 0


def test_a_sealed_day_takes_nothing_more(world: World) -> None:
    note_deletions([gone(world)], NOON)
    seal_deletion_records(NOON + 2 * DAY)
    note_deletions([gone(world)], NOON)  # the clock was set back
    assert list(Deletion.objects.order_by("day").values_list("day", "segments")) == [
        (date(2026, 1, 27), 1),
        (date(2026, 1, 28), 1),
    ]
    assert list(verify_records()) == []


def test_a_city_has_a_chain_of_its_own(world: World) -> None:
    there = world.foreign_camera
    note_deletions([gone(world), Deleted(there.pk, there.city_id, NOON, NOON, 1, "age", is_early=False)], NOON)
    assert seal_deletion_records(NOON + 2 * DAY) == 2
    assert set(DeletionRecord.objects.values_list("previous_digest", flat=True)) == {""}
    assert list(verify_records()) == []


def alter_bytes(_world: World) -> None:
    Deletion.objects.filter(day=date(2026, 1, 27)).update(bytes=9)


def alter_early(_world: World) -> None:
    Deletion.objects.filter(day=date(2026, 1, 27)).update(is_early=True)


def alter_spans(_world: World) -> None:
    Deletion.objects.filter(day=date(2026, 1, 27)).update(spans=[Span(NOON - DAY, NOON + DAY)])


def forget_spans(_world: World) -> None:
    Deletion.objects.filter(day=date(2026, 1, 27)).update(spans=None, damaged=None)


def remove_deletion(_world: World) -> None:
    Deletion.objects.filter(day=date(2026, 1, 27)).delete()


def add_deletion(world: World) -> None:
    row = Deletion.objects.get(day=date(2026, 1, 27))
    row.pk, row.rule = None, "quota"
    row.save()


def alter_sum(_world: World) -> None:
    DeletionRecord.objects.filter(day=date(2026, 1, 27)).update(segments=5)


def alter_signature(_world: World) -> None:
    DeletionRecord.objects.filter(day=date(2026, 1, 27)).update(signature="0" * 64)


def remove_record(_world: World) -> None:
    DeletionRecord.objects.filter(day=date(2026, 1, 27)).delete()


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (alter_bytes, "its deletions are not those that were sealed"),
        (alter_early, "its deletions are not those that were sealed"),
        (alter_spans, "its deletions are not those that were sealed"),
        (forget_spans, "its deletions are not those that were sealed"),
        (remove_deletion, "its deletions are not those that were sealed"),
        (add_deletion, "its deletions are not those that were sealed"),
        (alter_sum, "its sums are not those of its deletions"),
        (alter_signature, "its signature is not this installation's"),
        (remove_record, "2026-01-28: the record before it was altered or removed"),
    ],
)
def test_whatever_is_altered_is_found(world: World, capsys: pytest.CaptureFixture[str], alter, words: str) -> None:
    for later in (0, 1):
        note_deletions([gone(world)], NOON + later * DAY)
    seal_deletion_records(NOON + 3 * DAY)
    call_command("check_deletions")
    assert capsys.readouterr().out == "2 records, 0 problems\n"
    alter(world)
    with pytest.raises(CommandError, match="altered"):
        call_command("check_deletions")
    assert words in capsys.readouterr().out


def test_a_row_of_before_exact_stretches_were_kept_has_the_line_that_was_sealed(world: World) -> None:
    note_deletions([gone(world)], NOON)
    Deletion.objects.update(spans=None, damaged=None)
    line = f"{world.camera.pk},age,False,{NOON.isoformat()},{(NOON + MINUTE).isoformat()},{NOON.isoformat()},1,10"
    text = f"{world.city.pk},2026-01-27,\n{line}"
    rows = Deletion.objects.all()
    assert compute_digest(world.city.pk, NOON.date(), rows, "") == hashlib.sha256(text.encode()).hexdigest()


def test_what_was_deleted_is_kept_as_stretches_that_are_joined_where_they_meet(world: World) -> None:
    for minutes in (0, 5, 1, 0):
        note_deletions([gone(world, start=NOON + minutes * MINUTE)], NOON)
    row = Deletion.objects.get()
    assert row.spans == (Span(NOON, NOON + 2 * MINUTE), Span(NOON + 5 * MINUTE, NOON + 6 * MINUTE))
    assert (row.start, row.end, row.damaged) == (NOON, NOON + 6 * MINUTE, ())


def test_damaged_files_are_no_stretches(world: World) -> None:
    torn = replace(gone(world), end=NOON, spans=(), is_damaged=True)
    note_deletions([torn], NOON)
    row = Deletion.objects.get()
    assert (row.spans, row.damaged, row.segments) == ((), (Span(NOON, NOON),), 1)


def test_a_record_made_with_another_key_is_found_unless_that_key_was_ours(world: World, settings) -> None:
    note_deletions([gone(world)], NOON)
    seal_deletion_records(NOON + 2 * DAY)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another" * 8
    assert list(verify_records()) == ["Aurora, 2026-01-27: its signature is not this installation's"]
    settings.SECRET_KEY_FALLBACKS = [old]
    assert list(verify_records()) == []


def test_a_record_is_signed_off_once(world: World) -> None:
    note_deletions([gone(world)], NOON)
    seal_task()
    record = DeletionRecord.objects.get()
    sign_off(record, by=world.owner, now=NOON)
    with pytest.raises(Conflict):
        sign_off(record, by=world.stranger, now=NOON + DAY)
    record.refresh_from_db()
    assert (record.signed_off_by, record.signed_off_at) == (world.owner, NOON)
    assert list(verify_records()) == []
