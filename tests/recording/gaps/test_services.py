"""The ledger as it is stored: what a pass writes, what it leaves, and that from scratch it comes out the same."""

import random
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cameras.models import Camera, CameraOutage, ServerOutage
from recording.gaps import services, tasks
from recording.gaps.services import Recomputed, recompute_all, recompute_gaps, recompute_recent
from recording.gaps.spans import FOREVER, Span
from recording.models import Deletion, Gap, Segment
from tests.recording.gaps.conftest import ago, film, film_hours, ledger, make_holes, wish
from tests.world import NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
ALL = Span(NOW - timedelta(days=30), FOREVER)


def scratch(cameras: list[Camera]) -> dict[str, list[tuple[Any, ...]]]:
    """Compute the ledger anew, from nothing."""
    Gap.objects.all().delete()
    recompute_gaps([camera.pk for camera in cameras], ALL, NOW)
    return {camera.name: ledger(camera) for camera in cameras}


def test_a_camera_that_was_offline_has_a_gap_with_that_cause(world: World) -> None:
    wish(world.camera, ago(180))
    film(world.camera, ago(180), ago(100))
    film(world.camera, ago(60), ago(0), "open")
    CameraOutage.objects.create(camera=world.camera, city=world.city, began_at=ago(101), ended_at=ago(60.2))
    assert recompute_recent(NOW) == Recomputed(cameras=1, looked_at=1, written=1)
    assert ledger(world.camera) == [(ago(100), ago(60), "camera_offline")]
    assert recompute_recent(NOW) == Recomputed(cameras=1, looked_at=1)
    gap = Gap.objects.get()
    assert (gap.city, gap.camera) == (world.city, world.camera)


def test_a_camera_that_is_covered_is_not_looked_at_closely(world: World) -> None:
    wish(world.camera, ago(180))
    film_hours(world.camera, ago(180), 2.5)
    film(world.camera, ago(30), ago(0), "open")
    assert recompute_recent(NOW) == Recomputed(cameras=1)


def test_a_hole_inside_a_file_is_a_gap_although_its_camera_seems_covered(world: World) -> None:
    """Ten minutes of silence in a file that began before the window, and eight seconds in one that still grows."""
    wish(world.camera, ago(240))
    film(world.camera, ago(240), ago(60), holes=make_holes((170, 180)))
    film(world.camera, ago(60), ago(0), "open", holes=make_holes((30, 30.2)))
    assert recompute_recent(NOW) == Recomputed(cameras=1, looked_at=1, written=2)
    assert ledger(world.camera) == [
        (ago(240 - 170), ago(240 - 180), "unknown"),
        (ago(30), ago(29.8), "unknown"),
    ]
    recompute_gaps([world.camera.pk], ALL, NOW)
    assert len(ledger(world.camera)) == 2


def test_holes_of_long_ago_need_no_closer_look(world: World) -> None:
    wish(world.camera, ago(60 * 10))
    film(world.camera, ago(60 * 10), ago(60 * 5), holes=make_holes((30, 40)))
    film(world.camera, ago(60 * 5), ago(0), "open")
    assert recompute_recent(NOW) == Recomputed(cameras=1)


def test_holes_that_cannot_be_read_leave_the_other_gaps(world: World, caplog: pytest.LogCaptureFixture) -> None:
    wish(world.camera, ago(120))
    film(world.camera, ago(120), ago(60), holes=b"torn")
    film(world.camera, ago(50), ago(0), "open")
    recompute_recent(NOW)
    assert ledger(world.camera) == [(ago(60), ago(50), "unknown")]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_one_long_segment_covers_a_window_that_it_began_before(world: World) -> None:
    wish(world.camera, ago(60 * 20))
    film(world.camera, ago(60 * 20), ago(0), "open")
    assert recompute_recent(NOW) == Recomputed(cameras=1)


@pytest.mark.parametrize(
    ("cause", "of_server", "expected"),
    [
        ("refused", None, "stream_refused"),
        ("ingest", None, "ingest_down"),
        ("offline", "down", "server_down"),
        ("refused", "disk_full", "disk_full"),
    ],
)
def test_causes_of_cameras_and_servers(world: World, cause: str, of_server: str | None, expected: str) -> None:
    wish(world.camera, ago(60))
    CameraOutage.objects.create(camera=world.camera, city=world.city, began_at=ago(90), cause=cause)
    if of_server:
        ServerOutage.objects.create(media_server=world.server, began_at=ago(100), cause=of_server)
    recompute_recent(NOW)
    assert ledger(world.camera) == [(ago(60), None, expected)]


def test_deleted_footage_says_so_but_not_what_nobody_wanted(world: World) -> None:
    wish(world.camera, ago(170))
    film(world.camera, ago(100), ago(0), "open")
    deletion = Deletion.objects.create(
        camera=world.camera,
        city=world.city,
        day=NOW.date(),
        rule="outside",
        is_early=False,
        start=ago(170),
        end=ago(100),
        segments=2,
        bytes=1,
        last_at=NOW,
        spans=[Span(ago(170), ago(100))],
        damaged=[],
    )
    recompute_recent(NOW)
    assert ledger(world.camera) == [(ago(170), ago(100), "unknown")]
    Deletion.objects.filter(pk=deletion.pk).update(rule="watermark")
    assert recompute_recent(NOW).written == 1
    assert ledger(world.camera) == [(ago(170), ago(100), "deleted")]


def test_a_gap_that_ends_is_written_over_and_one_that_is_filled_goes(world: World) -> None:
    wish(world.camera, ago(60))
    recompute_recent(NOW)
    (gap,) = Gap.objects.all()
    assert gap.end is None
    film(world.camera, ago(20), ago(0), "open")
    assert recompute_recent(NOW) == Recomputed(cameras=1, looked_at=1, written=1)
    assert [(each.pk, each.end) for each in Gap.objects.all()] == [(gap.pk, ago(20))]
    film(world.camera, ago(60), ago(20))
    assert recompute_recent(NOW) == Recomputed(cameras=1, looked_at=1, removed=1)
    assert ledger(world.camera) == []


def test_a_gap_longer_than_the_window_keeps_its_beginning(world: World) -> None:
    wish(world.camera, ago(60 * 24))
    CameraOutage.objects.create(camera=world.camera, city=world.city, began_at=ago(60 * 24))
    recompute_all(NOW)
    assert recompute_recent(NOW) == Recomputed(cameras=1, looked_at=1)
    assert ledger(world.camera) == [(ago(60 * 24), None, "camera_offline")]
    film(world.camera, ago(5), ago(0), "open")
    recompute_recent(NOW)
    assert ledger(world.camera) == [(ago(60 * 24), ago(5), "camera_offline")]


def test_what_was_deleted_long_after_its_days_is_found(world: World) -> None:
    old = NOW - timedelta(days=60)
    wish(world.camera, old, old + timedelta(days=1))
    values = {"camera": world.camera, "city": world.city, "day": old.date(), "is_early": False}
    end = old + timedelta(days=1)
    Deletion.objects.create(**values, rule="age", start=old, end=end, segments=1, bytes=1, last_at=NOW)
    recompute_all(NOW)
    assert ledger(world.camera) == [(old, end, "deleted")]


@pytest.mark.parametrize("hours", [0, 3, 24 * 20])
def test_what_was_deleted_long_after_its_days_is_found_however_long_nothing_ran_since(world: World, hours: int) -> None:
    old, hour = NOW - timedelta(days=60), timedelta(hours=1)
    wish(world.camera, old - 5 * hour, old + 24 * hour)
    spans = [Span(old, old + 8 * hour), Span(old + 9 * hour, old + 24 * hour)]
    values = {"camera": world.camera, "city": world.city, "day": old.date(), "is_early": False, "segments": 2}
    values |= {"start": old, "end": spans[1].end, "bytes": 1, "spans": spans, "damaged": []}
    Gap.objects.create(
        camera=world.camera, city=world.city, start=old - 5 * hour, end=old + 2 * hour, cause="camera_offline"
    )
    Deletion.objects.create(**values, rule="age", last_at=NOW - hours * hour)
    assert recompute_all(NOW).written > 0
    assert ledger(world.camera)[1:] == [
        (old, old + 8 * hour, "deleted"),
        (old + 8 * hour, old + 9 * hour, "unknown"),
        (old + 9 * hour, old + 24 * hour, "deleted"),
    ]
    assert recompute_all(NOW) == Recomputed()


def test_deletions_that_make_no_gap_are_looked_for_no_more(world: World) -> None:
    """Nobody wanted them, or for so short a time that no picture had to be there."""
    old, end = NOW - timedelta(days=60), NOW - timedelta(days=59)
    wish(world.camera, old + timedelta(hours=1), old + timedelta(hours=1, seconds=9))
    values = {"camera": world.camera, "city": world.city, "day": old.date(), "is_early": False, "segments": 2}
    values |= {"start": old, "end": end, "bytes": 1, "damaged": [], "last_at": NOW}
    Deletion.objects.create(**values, rule="age", spans=[Span(old, end)])
    assert recompute_all(NOW) == Recomputed()


def test_both_cities_have_their_own(world: World) -> None:
    for camera in (world.camera, world.foreign_camera):
        wish(camera, ago(60))
    tasks.recompute_recent_gaps()
    tasks.recompute_all_gaps()
    recompute_recent(NOW)
    assert set(Gap.objects.values_list("camera", "city")) == {
        (world.camera.pk, world.city.pk),
        (world.foreign_camera.pk, world.other_city.pk),
    }


def test_time_that_is_up_leaves_the_rest(world: World) -> None:
    wish(world.camera, ago(60))
    done = recompute_gaps([world.camera.pk], ALL, NOW, seconds=-1)
    assert (done, ledger(world.camera)) == (Recomputed(left=1), [])


def make_history(camera: Camera, seed: int) -> None:
    """Let two days of much trouble have happened to a camera."""
    chance = random.Random(seed)  # noqa: S311 -- a made-up history, not a secret
    moment, end = ago(60 * 48), ago(0)
    wish(camera, moment, ago(60 * 20))
    wish(camera, ago(60 * 19.5))
    number = 0
    while moment < end:
        length = timedelta(seconds=chance.choice([4, 60, 900, 1800, 1800, 1800]))
        number += chance.choice([1, 1, 1, 2])
        state = chance.choice(["ready"] * 8 + ["damaged", "deleting"])
        begin = moment + timedelta(seconds=chance.choice([0, 0, 0.5, 3, 20, 70, 4000]))
        minute = chance.randint(0, 20)
        holes = make_holes((minute, minute + 8)) if length > timedelta(minutes=29) and chance.random() < 0.1 else b""
        film(camera, begin, begin + length, state, stream_id=STREAM, number=number, holes=holes)
        moment = begin + length
    for minute in chance.sample(range(60, 60 * 48), 12):
        until = ago(minute - chance.randint(1, 59))
        cause = chance.choice(["offline", "refused", "ingest"])
        CameraOutage.objects.create(
            camera=camera, city_id=camera.city_id, began_at=ago(minute), ended_at=until, cause=cause
        )
    for minute in chance.sample(range(60, 60 * 48), 4):
        ServerOutage.objects.create(
            media_server_id=camera.media_server_id, began_at=ago(minute), ended_at=ago(minute - 30), cause="down"
        )


STREAM = uuid4()


@pytest.mark.parametrize("seed", range(5))
def test_any_windows_in_any_order_give_what_one_pass_gives(world: World, seed: int) -> None:
    """Read from the database as little as each window needs, and still the same."""
    cameras = [world.camera, world.foreign_camera]
    for camera in cameras:
        make_history(camera, seed)
    expected = scratch(cameras)
    assert all(len(gaps) > 3 for gaps in expected.values())
    Gap.objects.all().delete()
    chance = random.Random(seed)  # noqa: S311 -- as above
    cuts = sorted(ago(minute) for minute in chance.sample(range(30, 60 * 49), 9))
    windows = [Span(start, end) for start, end in zip([ALL.start, *cuts], [*cuts, FOREVER], strict=True)]
    chance.shuffle(windows)
    for window in windows:
        recompute_gaps([camera.pk for camera in cameras], window, NOW)
    assert {camera.name: ledger(camera) for camera in cameras} == expected
    assert recompute_all(NOW).written == 0


def test_minutes_one_after_another_give_what_one_pass_gives(world: World) -> None:
    make_history(world.camera, 99)
    moment = ago(60 * 6)
    recompute_all(moment)
    while moment < NOW:
        recompute_recent(moment)
        moment += timedelta(minutes=7)
    recompute_recent(NOW)
    stored = {world.camera.name: ledger(world.camera)}
    assert stored == scratch([world.camera])


def test_a_pass_asks_as_much_for_many_cameras_as_for_one(world: World, now: datetime) -> None:
    wish(world.camera, ago(60))
    with CaptureQueriesContext(connection) as one:
        recompute_recent(now)
    for number in range(5):
        camera = Camera.objects.create(city=world.city, media_server=world.server, name=f"More {number}")
        wish(camera, ago(60))
    with CaptureQueriesContext(connection) as many:
        recompute_recent(now)
    assert len(many) == len(one)


def test_the_command_compares_and_repairs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="Nothing was ever"):
        call_command("recompute_gaps")
    wish(world.camera, ago(60), ago(30))
    with pytest.raises(CommandError, match="not what a computation"):
        call_command("recompute_gaps", "--check", stdout=StringIO())
    assert ledger(world.camera) == []
    out = StringIO()
    monkeypatch.setattr(services, "BATCH_CAMERAS", 1)
    # The command asks the real clock, which is long after.
    call_command("recompute_gaps", "--camera", str(world.camera.pk), stdout=out)
    assert out.getvalue() == "1 cameras, 1 gaps written, 0 that are none\n"
    call_command("recompute_gaps", "--check", stdout=out)
    assert ledger(world.camera) == [(ago(60), ago(30), "unknown")]
    assert Segment.objects.count() == 0
