"""The ring as it turns: what goes, what never goes, and whose goes first."""

import logging
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connections

from cameras.models import Camera, MediaServer
from footage.layout import name_for
from recording import clock
from recording.gaps.spans import Span
from recording.models import Deletion, RecordingSession, RetentionPolicy, Segment, Storage
from recording.retention import services
from recording.retention.services import TURNING, turn_ring
from recording.segments.disk import MARKER
from tests.recording.retention.conftest import KB, FakeDisk, Ring, noted, states
from tests.world import World

pytestmark = pytest.mark.django_db


def fill_disk(monkeypatch: pytest.MonkeyPatch, total: int, others: int = 0) -> None:
    monkeypatch.setattr(services, "measure_disk", FakeDisk(total, others))


def promise(camera: Camera, days: int, *, own: bool = False, **more: int) -> None:
    RetentionPolicy.objects.create(city=camera.city, camera=camera if own else None, days=days, **more)


def kept(*rows: Segment) -> list[bool]:
    there = set(Segment.objects.values_list("pk", flat=True))
    return [row.pk in there for row in rows]


def test_what_is_older_than_seven_days_goes_with_its_row_and_is_written_down(world: World, ring: Ring) -> None:
    old, older = ring.add(world.camera, 7.01, size=5), ring.add(world.camera, 9, size=6, state="damaged")
    young = ring.add(world.camera, 6.99)
    turn = turn_ring(ring.server, ring.now)
    assert (turn.refused, dict(turn.deleted), turn.bytes, turn.early, turn.is_done) == ("", {"age": 2}, 11, 0, True)
    assert kept(old, older, young) == [False, False, True]
    assert ring.left() == {young.file}
    row = Deletion.objects.get()
    assert (row.camera_id, row.city_id, row.rule, row.is_early) == (world.camera.pk, world.city.pk, "age", False)
    assert (row.segments, row.bytes, row.start, row.end) == (2, 11, older.start, old.end)
    assert (row.spans, row.damaged) == ((Span(old.start, old.end),), (Span(older.start, older.end),))


def test_an_open_segment_never_goes(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 4000, state="open")
    turn_ring(ring.server, ring.now)
    assert states() == {row.file: "open"}


def test_the_cameras_promise_beats_the_citys(world: World, ring: Ring) -> None:
    other = Camera.objects.create(city=world.city, media_server=ring.server, name="Bridge")
    ring.record(other, since=3000)
    promise(world.camera, 30)
    promise(other, 1, own=True)
    rows = [ring.add(world.camera, 29), ring.add(world.camera, 31), ring.add(other, 2), ring.add(other, 0.5)]
    foreign = [ring.add(world.foreign_camera, 8), ring.add(world.foreign_camera, 6)]
    turn_ring(ring.server, ring.now)
    assert kept(*rows, *foreign) == [True, False, False, True, False, True]


def test_with_a_maximum_footage_stays_beyond_its_promise_until_the_law_takes_it(world: World, ring: Ring) -> None:
    promise(world.camera, 7, max_days=30)
    rows = [ring.add(world.camera, 31), ring.add(world.camera, 29), ring.add(world.camera, 8)]
    turn_ring(ring.server, ring.now)
    assert kept(*rows) == [False, True, True]
    assert noted() == [("maximum", False, 1, KB)]


def test_a_removed_cameras_footage_goes_by_its_promise_too(world: World, ring: Ring) -> None:
    world.camera.removed_at = ring.now
    world.camera.save()
    rows = [ring.add(world.camera, 8), ring.add(world.camera, 2)]
    turn_ring(ring.server, ring.now)
    assert kept(*rows) == [False, True]


def test_a_citys_quota_takes_its_oldest_and_says_that_it_is_early(world: World, ring: Ring) -> None:
    promise(world.camera, 7, quota_bytes=3 * KB)
    rows = [ring.add(world.camera, days) for days in (6, 5, 4, 3, 2)]
    foreign = ring.add(world.foreign_camera, 6)
    assert turn_ring(ring.server, ring.now).early == 2
    assert kept(*rows, foreign) == [False, False, True, True, True, True]
    assert noted() == [("quota", True, 2, 2 * KB)]


def test_a_cameras_quota_is_its_own(world: World, ring: Ring) -> None:
    other = Camera.objects.create(city=world.city, media_server=ring.server, name="Bridge")
    ring.record(other, since=3000)
    promise(other, 7, own=True, quota_bytes=KB)
    rows = [ring.add(other, 3), ring.add(other, 2), ring.add(world.camera, 6)]
    turn_ring(ring.server, ring.now)
    assert kept(*rows) == [False, True, True]


def test_what_is_held_or_still_open_is_no_reason_to_go_over_new_footage(world: World, ring: Ring) -> None:
    promise(world.camera, 7, quota_bytes=3 * KB)
    held = ring.add(world.camera, 6, size=100 * KB)
    ring.hold(world.camera, 6.1, 5.9)
    rows = [ring.add(world.camera, 2), ring.add(world.camera, 1), ring.add(world.camera, 0.1, state="open")]
    turn_ring(ring.server, ring.now)
    assert kept(held, *rows) == [True] * 4


def test_a_torn_file_that_is_held_for_its_end_stays_and_does_not_stop_the_others(world: World, ring: Ring) -> None:
    torn, other = ring.add(world.camera, 9), ring.add(world.camera, 8)
    Segment.objects.filter(pk=torn.pk).update(claims_until=ring.ago(8.9))
    ring.hold(world.camera, 8.95, 8.91)
    turn_ring(ring.server, ring.now)
    assert kept(torn, other) == [True, False]


def test_quotas_and_sizes_may_be_huge(world: World, ring: Ring) -> None:
    promise(world.camera, 3650, quota_bytes=10**18)
    rows = [ring.add(world.camera, 6, size=9 * 10**17), ring.add(world.camera, 5, size=9 * 10**17)]
    turn_ring(ring.server, ring.now)
    assert kept(*rows) == [False, True]


def test_a_full_disk_takes_the_noisy_citys_footage_and_not_the_quiet_ones(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fill_disk(monkeypatch, 1_000_000)  # low 100,000; high 150,000
    noisy = [ring.add(world.camera, 5 - number / 100, size=10 * KB) for number in range(90)]
    quiet = [ring.add(world.foreign_camera, 6 - number, size=2 * KB) for number in range(6)]
    turn = turn_ring(ring.server, ring.now)
    assert (dict(turn.deleted), turn.early, turn.only_held_left) == ({"watermark": 7}, 7, False)
    assert kept(*quiet) == [True] * 6
    assert kept(*noisy) == [False] * 7 + [True] * 83
    assert noted() == [("watermark", True, 7, 70 * KB)]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["ring of media server main: 7 segments before their promised days"]
    assert turn_ring(ring.server, ring.now).deleted == {}


def test_what_is_beyond_its_promise_goes_first_whoever_is_over_a_share(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, 1_000_000)
    promise(world.foreign_camera, 1, max_days=30)
    beyond = [ring.add(world.foreign_camera, 20 - number, size=30 * KB) for number in range(3)]
    noisy = [ring.add(world.camera, 5 - number / 100, size=10 * KB) for number in range(83)]
    turn = turn_ring(ring.server, ring.now)
    assert (dict(turn.deleted), turn.early) == ({"watermark": 3}, 0)
    assert (kept(*beyond), kept(*noisy)) == ([False] * 3, [True] * 83)


def test_between_the_marks_nothing_goes(world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(monkeypatch, 1_000_000)
    rows = [ring.add(world.camera, 5, size=890 * KB)]
    assert turn_ring(ring.server, ring.now).deleted == {}
    assert kept(*rows) == [True]


def test_an_operators_marks_count(world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(monkeypatch, 1_000_000)
    Storage.objects.create(media_server=ring.server, low_bytes=500 * KB, high_bytes=520 * KB)
    rows = [ring.add(world.camera, 5 - number, size=260 * KB) for number in range(2)]
    turn_ring(ring.server, ring.now)
    assert kept(*rows) == [False, True]


def test_held_footage_never_goes_and_when_only_it_is_left_recording_is_refused(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, 100 * KB)
    held = [ring.add(world.camera, 400, size=60 * KB), ring.add(world.camera, 3, size=40 * KB)]
    free = ring.add(world.camera, 2, size=5 * KB)
    hold = ring.hold(world.camera, 500, 2.5)
    turn = turn_ring(ring.server, ring.now)
    assert (turn.only_held_left, dict(turn.deleted)) == (True, {"watermark": 1})
    assert kept(*held, free) == [True, True, False]
    refused = Storage.objects.get().refuses_since
    assert refused is not None
    assert turn_ring(ring.server, ring.now).only_held_left is True
    assert Storage.objects.get().refuses_since == refused
    hold.released_at = ring.now
    hold.save()
    assert turn_ring(ring.server, ring.now).only_held_left is False
    assert (kept(*held), Storage.objects.get().refuses_since) == ([False, True], None)


def test_where_recording_is_refused_released_footage_goes_up_to_the_high_mark(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, 100 * KB)  # low 10,000; high 15,000
    rows = [ring.add(world.camera, 3, size=40 * KB), ring.add(world.camera, 2, size=48 * KB)]
    assert turn_ring(ring.server, ring.now).deleted == {}
    Storage.objects.create(media_server=ring.server, refuses_since=ring.now)
    turn_ring(ring.server, ring.now)
    assert (kept(*rows), Storage.objects.get().refuses_since) == ([False, True], None)


def test_a_disk_that_others_filled_is_no_case_of_holds(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, 100 * KB, others=100 * KB)
    turn = turn_ring(ring.server, ring.now)
    assert (turn.only_held_left, Storage.objects.count()) == (False, 0)


def test_a_hold_that_is_over_holds_nothing(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 9, held=".held/ab/1.mp4")
    hold = ring.hold(world.camera, 10, 8)
    turn_ring(ring.server, ring.now)
    assert kept(row) == [True]
    hold.created_at, hold.until = ring.ago(5), ring.ago(0.1)
    hold.save()
    turn_ring(ring.server, ring.now)
    assert (kept(row), ring.left()) == ([False], set())


def test_what_no_session_touches_goes_after_it_closed_and_what_one_touches_stays(world: World, ring: Ring) -> None:
    RecordingSession.objects.all().delete()
    minute = 1 / 1440
    ring.record(world.camera, since=5, until=4)
    ring.record(world.camera, since=3, until=2)
    before, between, after = (ring.add(world.camera, days) for days in (6, 3.5, 1))
    growing = ring.add(world.camera, 3.2, state="open")
    torn = ring.add(world.camera, 3.3, state="damaged")
    into = ring.add(world.camera, 5 + minute / 2)
    out = ring.add(world.camera, 2 + minute / 2)
    inside = ring.add(world.camera, 4.5)
    turn = turn_ring(ring.server, ring.now)
    assert (dict(turn.deleted), turn.early) == ({"outside": 4}, 0)
    assert kept(before, between, after, torn) == [False] * 4
    assert kept(growing, into, out, inside) == [True] * 4
    assert noted() == [("outside", False, 4, 4 * KB)]


def test_a_camera_that_was_never_to_be_recorded_keeps_nothing(world: World, ring: Ring) -> None:
    camera = Camera.objects.create(city=world.city, media_server=ring.server, name="Off")
    row, held = ring.add(camera, 1), ring.add(camera, 2)
    ring.hold(camera, 2.1, 1.9)
    turn_ring(ring.server, ring.now)
    assert kept(row, held) == [False, True]


def test_a_session_that_is_open_covers_all_since(world: World, ring: Ring) -> None:
    RecordingSession.objects.all().delete()
    ring.record(world.camera, since=2)
    rows = [ring.add(world.camera, 3), ring.add(world.camera, 2.0001), ring.add(world.camera, 1)]
    turn_ring(ring.server, ring.now)
    assert kept(*rows) == [False, True, True]


def test_a_restored_database_that_lost_its_sessions_costs_no_footage(
    world: World, ring: Ring, caplog: pytest.LogCaptureFixture
) -> None:
    RecordingSession.objects.filter(camera=world.camera).delete()
    rows = [ring.add(world.camera, 3 - number / 1000) for number in range(100)]
    others = [ring.add(world.foreign_camera, 3 - number / 1000) for number in range(100)]
    old = ring.add(world.foreign_camera, 8)
    with caplog.at_level(logging.ERROR):
        turns = [turn_ring(ring.server, ring.now) for _ in range(2)]
    assert "100 of 201 segments" not in turns[0].outside_refused  # not half of them
    assert kept(*rows) == [False] * 100
    assert kept(*others, old) == [True] * 100 + [False]
    again = [ring.add(world.camera, 3 - number / 1000) for number in range(100)]
    with caplog.at_level(logging.ERROR):
        turns = [turn_ring(ring.server, ring.now) for _ in range(2)]
    assert "100 of 200 segments lie outside every recording session" in turns[0].outside_refused
    assert (turns[1].refused, kept(*again)) == ("", [True] * 100)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


@pytest.mark.parametrize("marker", [None, "999\n"])
def test_a_folder_that_is_not_surely_ours_loses_nothing(world: World, ring: Ring, marker: str | None) -> None:
    rows = [ring.add(world.camera, 9), ring.add(world.camera, 9.5, state="deleting")]
    (ring.root / MARKER).unlink()
    if marker:
        (ring.root / MARKER).write_text(marker)
    assert "not surely" in turn_ring(ring.server, ring.now).refused
    assert (kept(*rows), ring.left() >= {row.file for row in rows}) == ([True, True], True)
    assert Segment.objects.filter(state="deleting").count() == 1


def test_a_new_folder_is_not_marked_by_the_ring(world: World, ring: Ring) -> None:
    (ring.root / MARKER).unlink()
    assert "no marker" in turn_ring(ring.server, ring.now).refused
    assert not (ring.root / MARKER).exists()


def test_a_folder_that_is_away_loses_nothing(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 9)
    ring.root.rename(ring.root.with_name("elsewhere"))
    assert "not surely" in turn_ring(ring.server, ring.now).refused
    assert states() == {row.file: "ready"}


def test_a_doubted_storage_loses_nothing(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 9)
    Storage.objects.create(media_server=ring.server, doubt="Half of it is gone.")
    assert turn_ring(ring.server, ring.now).refused == "Half of it is gone."
    assert kept(row) == [True]


def test_another_media_servers_footage_is_not_touched(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 9)
    second = MediaServer.objects.create(name="second", recordings_root=str(ring.root))
    Segment.objects.filter(pk=row.pk).update(media_server=second)
    turn_ring(ring.server, ring.now)
    assert kept(row) == [True]


@pytest.mark.parametrize("days", [-1, 1, 3650])
def test_a_clock_that_disagrees_with_the_databases_deletes_nothing(world: World, ring: Ring, days: int) -> None:
    row = ring.add(world.camera, 9)
    assert "differ" in turn_ring(ring.server, ring.now + timedelta(days=days)).refused
    assert kept(row) == [True]


def test_a_clock_that_jumped_stops_the_ring_for_an_hour(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, seconds = ring.add(world.camera, 9), [1000.0]
    monkeypatch.setattr(clock, "_machine_time", lambda: seconds[0])
    moment = [ring.now - timedelta(days=2)]
    monkeypatch.setattr(clock, "_database_time", lambda: moment[0])
    assert turn_ring(ring.server, moment[0]).refused == ""
    row = ring.add(world.camera, 6)
    moment[0] = ring.now + timedelta(days=2)
    for elapsed in (0, 60, 3000):
        seconds[0], moment[0] = 1000.0 + elapsed, ring.now + timedelta(days=2, seconds=elapsed)
        assert "jumped forward" in turn_ring(ring.server, moment[0]).refused
    assert kept(row) == [True]
    seconds[0], moment[0] = 1000.0 + 3601, ring.now + timedelta(days=2, seconds=3601)
    assert (turn_ring(ring.server, moment[0]).refused, kept(row)) == ("", [False])


def test_a_machine_that_was_off_for_days_did_not_jump() -> None:
    last = clock.compare_ticks(None, 100.0, 50.0)
    assert clock.compare_ticks(last, 100.0 + 86_400, 5.0).still_until == 0.0
    assert clock.compare_ticks(last, 100.0 + 86_400, 50.0 + 86_400).still_until == 0.0
    assert clock.compare_ticks(last, 100.0 - 86_400, 60.0).still_until == 0.0
    assert clock.compare_ticks(last, 100.0 + 300.1, 50.0).still_until == 3650.0


@pytest.mark.django_db(transaction=True)
def test_two_passes_do_not_meet(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 9)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", (0x5E65, ring.server.pk * 8 + TURNING))
        assert "Another pass" in turn_ring(ring.server, ring.now).refused
        assert states() == {row.file: "ready"}
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
    finally:
        other.close()
    assert dict(turn_ring(ring.server, ring.now).deleted) == {"age": 1}


def test_a_pass_that_has_no_time_left_leaves_the_rest_to_the_next(world: World, ring: Ring) -> None:
    rows = [ring.add(world.camera, 9), ring.add(world.camera, 10)]
    turn = turn_ring(ring.server, ring.now, seconds=0)
    assert (turn.is_done, kept(*rows)) == (False, [True, True])
    assert turn_ring(ring.server, ring.now).is_done is True


def test_thousands_go_in_batches(world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "BATCH_SEGMENTS", 10)
    for number in range(35):
        ring.add(world.camera, 9 - number / 1000)
    assert dict(turn_ring(ring.server, ring.now).deleted) == {"age": 35}
    assert (ring.left(), noted()) == (set(), [("age", False, 35, 35 * KB)])


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", ".vms-footage", "{folder}/../{folder}/x.mp4", "{folder}/notes.txt", "{other}"],
)
def test_a_row_that_names_no_segment_of_its_camera_deletes_nothing(world: World, ring: Ring, name: str) -> None:
    row, victim = ring.add(world.camera, 9), ring.add(world.foreign_camera, 1)
    named = name.format(folder=world.camera.stream_id, other=victim.file.replace(".mp4", "0.mp4"))
    if name == "{other}":
        named = f"{world.foreign_camera.stream_id}/{name_for(ring.ago(2))}"
        (ring.root / named).write_bytes(b"x")
    Segment.objects.filter(pk=row.pk).update(file=named)
    before = ring.left()
    assert turn_ring(ring.server, ring.now).failed == 1
    found = Segment.objects.get(pk=row.pk)
    assert (found.state, found.deletion_attempts, ring.left()) == ("deleting", 1, before)
    assert "not one of a segment" in found.deletion_error


@pytest.mark.parametrize("held", ["../x.mp4", ".held/../a/x.mp4", "/etc/passwd", ".held/x.mp4", ".held/a/../../b.mp4"])
def test_a_held_link_of_another_form_deletes_nothing(world: World, ring: Ring, held: str) -> None:
    row = ring.add(world.camera, 9)
    Segment.objects.filter(pk=row.pk).update(held_file=held)
    assert turn_ring(ring.server, ring.now).failed == 1
    assert ring.left() == {row.file}


def test_a_folder_that_is_a_link_is_not_followed(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 9)
    folder = ring.root / world.camera.stream_id
    folder.rename(ring.root.with_name("outside"))
    folder.symlink_to(ring.root.with_name("outside"))
    assert turn_ring(ring.server, ring.now).failed == 1
    assert (kept(row), (folder / row.file.partition("/")[2]).exists()) == ([True], True)


def test_the_row_names_the_camera_of_its_folder(world: World, ring: Ring) -> None:
    assert UUID(ring.add(world.camera, 1).file[7:43]) == world.camera.pk
