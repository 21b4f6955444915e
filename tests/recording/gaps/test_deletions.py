"""What was never recorded is told as before when everything around it is deleted, whichever way it goes."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cameras.models import Camera, CameraOutage
from recording.gaps.coverage import measure_coverage
from recording.gaps.periods import Period
from recording.gaps.services import recompute_gaps
from recording.gaps.spans import Span
from recording.models import Deletion, Gap, Segment
from recording.retention.steps import remove_rows
from recording.retention.vanished import note_vanished
from recording.segments.decisions import GoneSegment
from tests.recording.gaps.conftest import film, film_hours, ledger, make_holes, wish
from tests.recording.gaps.test_services import make_history
from tests.world import NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
T = NOW - 2 * DAY
STREAM = UUID(int=7)


def delete(rows: Sequence[Segment], *, rule: str = "age", early: bool = False, at: datetime = NOW) -> None:
    """Let segments go as the ring's third step does."""
    going = Segment.objects.filter(pk__in=[row.pk for row in rows])
    going.update(state="deleting", deletion_rule=rule, deletion_early=early)
    remove_rows([row.pk for row in rows], at)


def recompute(camera: Camera) -> list[tuple[Any, ...]]:
    """Bring the ledger in line; give it in hours from the beginning."""
    recompute_gaps([camera.pk], Span(NOW - 40 * DAY, NOW), NOW)
    return [((start - T) / HOUR, (end - T) / HOUR, cause) for start, end, cause in ledger(camera)]


def recorded_percent(camera: Camera, since: datetime, until: datetime) -> float | None:
    return measure_coverage([camera], [Period("", Span(since, until))], NOW)[0].total.recorded_percent


def segments() -> list[Segment]:
    return list(Segment.objects.order_by("start"))


@pytest.fixture
def camera(world: World) -> Camera:
    """Twelve hours wished; the four in the middle were never recorded."""
    wish(world.camera, T, T + 12 * HOUR)
    film_hours(world.camera, T, 4)
    film_hours(world.camera, T + 8 * HOUR, 4)
    assert recompute(world.camera) == [(4, 8, "unknown")]
    return world.camera


GONE = [(0, 4, "deleted"), (4, 8, "unknown"), (8, 12, "deleted")]


@pytest.mark.parametrize(("rule", "early"), [("age", False), ("watermark", True), ("quota", False)])
def test_what_was_never_recorded_is_unknown_after_all_else_went(camera: Camera, rule: str, early: bool) -> None:  # noqa: FBT001 -- a case's value
    delete(segments(), rule=rule, early=early)
    assert recompute(camera) == GONE
    assert recorded_percent(camera, T, T + 12 * HOUR) == 66.66
    assert Deletion.objects.get().spans == (Span(T, T + 4 * HOUR), Span(T + 8 * HOUR, T + 12 * HOUR))


def test_it_comes_out_the_same_from_scratch(camera: Camera) -> None:
    delete(segments())
    Gap.objects.all().delete()
    assert recompute(camera) == GONE


def test_what_waits_to_be_deleted_is_told_as_when_it_is_gone(camera: Camera) -> None:
    """A disk that refuses for days keeps rows between the first and the third step of the ring."""
    rows = segments()
    film(camera, T + 6 * HOUR, T + 6 * HOUR, "deleting", damage="no moov")
    outside = film(camera, T + 5 * HOUR, T + 5.5 * HOUR, "deleting", deletion_rule="outside")
    Segment.objects.filter(pk__in=[row.pk for row in rows[:8]]).update(state="deleting", deletion_rule="age")
    going = recompute(camera)
    assert going == [(0, 4, "deleted"), (4, 6, "unknown"), (6, 8, "damaged")]
    remove_rows([row.pk for row in segments()], NOW)
    assert (recompute(camera), Segment.objects.filter(pk=outside.pk).exists()) == (going, False)


def test_what_mediamtx_took_is_known_as_exactly(camera: Camera) -> None:
    rows = segments()
    gone = [GoneSegment(row.camera_id, row.city_id, row.start, row.end, row.size, "age") for row in rows]
    note_vanished(gone, NOW)
    Segment.objects.all().delete()
    assert recompute(camera) == GONE


def test_a_promise_lowered_over_many_days_hides_no_day(world: World) -> None:
    begin = NOW - 30 * DAY
    wish(world.camera, begin, begin + 23 * DAY)
    for number in range(23):
        film_hours(world.camera, begin + number * DAY, 20)
    before = recompute(world.camera)
    assert [cause for *_span, cause in before] == ["unknown"] * 23
    delete(segments())
    assert [gap for gap in recompute(world.camera) if gap[2] != "deleted"] == before
    assert recorded_percent(world.camera, begin, begin + 23 * DAY) == 83.33
    assert (Deletion.objects.count(), len(Deletion.objects.get().spans or ())) == (1, 23)


def test_what_was_held_in_the_middle_is_no_gap_and_counts_when_it_goes(camera: Camera) -> None:
    rows = segments()
    held = rows[2]
    delete([row for row in rows if row != held])
    assert recompute(camera) == [(0, 1, "deleted"), (1.5, 4, "deleted"), *GONE[1:]]
    delete([held], at=NOW + DAY)
    assert (recompute(camera), Deletion.objects.count()) == (GONE, 2)


def test_another_days_deletion_goes_on_where_the_one_before_ended(camera: Camera) -> None:
    rows = segments()
    for number, some in enumerate((rows[:3], rows[3:11], rows[11:])):
        delete(some, at=NOW + number * DAY)
    assert (recompute(camera), Deletion.objects.count()) == (GONE, 3)


def test_a_row_grows_by_what_goes_later_that_day_and_not_by_what_lies_between(camera: Camera) -> None:
    for row in segments():
        delete([row])
    assert recompute(camera) == GONE
    assert Deletion.objects.get().spans == (Span(T, T + 4 * HOUR), Span(T + 8 * HOUR, T + 12 * HOUR))


@pytest.mark.parametrize("one_by_one", [True, False])
def test_the_joints_of_a_camera_of_slow_frames_are_no_gaps_afterwards(world: World, one_by_one: bool) -> None:  # noqa: FBT001 -- a case's value
    end = T + 2 * HOUR - timedelta(seconds=4)
    wish(world.camera, T, end)
    for number in range(4):
        begin = T + number * HOUR / 2
        film(world.camera, begin, begin + HOUR / 2 - timedelta(seconds=4), stream_id=STREAM, number=number)
    assert recompute(world.camera) == []
    rows = segments()
    for some in [[row] for row in rows] if one_by_one else [rows]:
        delete(some)
    assert Deletion.objects.get().spans == (Span(T, end),)
    assert recompute(world.camera) == [(0, (end - T) / HOUR, "deleted")]


def test_short_holes_of_a_flapping_camera_stay_what_they_were(world: World) -> None:
    wish(world.camera, T, T + HOUR)
    for number in range(60):
        begin = T + number * HOUR / 60
        film(world.camera, begin, begin + timedelta(seconds=45))
    before = recompute(world.camera)
    assert len(before) == 60
    delete(segments())
    assert [gap for gap in recompute(world.camera) if gap[2] != "deleted"] == before
    assert recorded_percent(world.camera, T, T + HOUR) == 75.0


def test_a_damaged_file_explains_its_time_after_it_went(world: World) -> None:
    wish(world.camera, T, T + 3 * HOUR)
    film(world.camera, T, T + HOUR)
    film(world.camera, T + HOUR, T + HOUR, "damaged")
    film(world.camera, T + 2 * HOUR, T + 3 * HOUR)
    expected = [(0, 1, "deleted"), (1, 2, "damaged"), (2, 3, "deleted")]
    assert recompute(world.camera) == expected[1:2]
    rows = segments()
    delete(rows[:2])
    assert recompute(world.camera) == expected[:2]
    delete(rows[2:], at=NOW + DAY)
    assert recompute(world.camera) == expected
    Gap.objects.all().delete()
    assert recompute(world.camera) == expected
    assert recorded_percent(world.camera, T, T + 3 * HOUR) == 66.66


def test_where_only_damaged_files_went_nothing_was_recorded(world: World) -> None:
    wish(world.camera, T, T + 3 * HOUR)
    for hours in (0, 2):
        film(world.camera, T + hours * HOUR, T + hours * HOUR, "damaged")
    before = recompute(world.camera)
    assert before == [(0, 3, "damaged")]
    delete(segments())
    assert recompute(world.camera) == before
    assert recorded_percent(world.camera, T, T + 3 * HOUR) == 0.0


@pytest.mark.parametrize("by_ring", [True, False])
def test_what_was_missing_inside_a_file_is_missing_after_it_went(world: World, by_ring: bool) -> None:  # noqa: FBT001 -- a case's value
    wish(world.camera, T, T + 2 * HOUR)
    film(world.camera, T, T + HOUR, holes=make_holes((15, 30)))
    film(world.camera, T + HOUR, T + 2 * HOUR)
    assert recompute(world.camera) == [(0.25, 0.5, "unknown")]
    rows = segments()
    if by_ring:
        delete(rows)
    else:
        note_vanished(
            [GoneSegment(row.camera_id, row.city_id, row.start, row.end, row.size, "age") for row in rows], NOW
        )
        Segment.objects.all().delete()
    assert recompute(world.camera) == [(0, 0.25, "deleted"), (0.25, 0.5, "unknown"), (0.5, 2, "deleted")]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_goes_in_whatever_order_what_was_missing_is_missing(world: World, seed: int) -> None:
    make_history(world.camera, seed)
    Segment.objects.filter(state="deleting").delete()
    before = recompute(world.camera)
    chance = random.Random(seed)  # noqa: S311 -- a made-up order, not a secret
    rows = segments()
    chance.shuffle(rows)
    while rows:
        some = chance.randint(1, 20)
        delete(rows[:some], rule=chance.choice(["age", "quota"]), at=NOW + chance.choice([0, 1, 2]) * DAY)
        del rows[:some]
        assert [gap for gap in recompute(world.camera) if gap[2] != "deleted"] == before


def note_without_spans(rows: Sequence[Segment]) -> None:
    """Let segments go as they did while only the first and the last moment were written down."""
    delete(rows)
    Deletion.objects.update(spans=None, damaged=None)


def test_an_old_row_overwrites_no_gap_that_is_known(camera: Camera) -> None:
    note_without_spans(segments())
    assert recompute(camera) == GONE
    assert recompute(camera) == GONE
    assert recorded_percent(camera, T, T + 12 * HOUR) == 66.66


def test_an_old_row_overwrites_no_damage_and_no_short_hole(world: World) -> None:
    wish(world.camera, T, T + 3 * HOUR)
    film(world.camera, T, T + HOUR)
    film(world.camera, T + HOUR, T + HOUR, "damaged")
    film(world.camera, T + 1.5 * HOUR, T + 2 * HOUR)
    film(world.camera, T + 2 * HOUR + timedelta(seconds=36), T + 3 * HOUR)
    before = recompute(world.camera)
    assert before == [(1, 1.5, "damaged"), (2, 2.01, "unknown")]
    note_without_spans(segments())
    expected = [(0, 1, "deleted"), before[0], (1.5, 2, "deleted"), before[1], (2.01, 3, "deleted")]
    assert recompute(world.camera) == expected
    assert recompute(world.camera) == expected


def test_an_old_row_without_a_ledger_explains_all_but_the_outages_in_it(camera: Camera) -> None:
    CameraOutage.objects.create(
        camera=camera, city_id=camera.city_id, began_at=T + 5 * HOUR, ended_at=T + 6 * HOUR, cause="offline"
    )
    note_without_spans(segments())
    Gap.objects.all().delete()
    assert recompute(camera) == [(0, 5, "deleted"), (5, 6, "camera_offline"), (6, 12, "deleted")]


def test_an_old_row_that_grows_stays_one(camera: Camera) -> None:
    rows = segments()
    note_without_spans(rows[:4])
    delete(rows[4:])
    assert Deletion.objects.get().spans is None
    assert recompute(camera) == GONE
