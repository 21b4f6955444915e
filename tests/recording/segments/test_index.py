"""The upsert on a real Postgres: the same files give the same rows, however they were told of."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from cameras.models import Camera, MediaServer
from cities.scope import every_city
from footage.holes import unpack_holes
from footage.layout import name_for
from footage.packing import unpack_fragments
from recording.models import Segment
from recording.segments import bulk, index, reading
from recording.segments.bulk import copy_rows
from recording.segments.decisions import DiskFile
from recording.segments.disk import list_files
from recording.segments.index import index_files
from tests.recording.segments.conftest import START, STREAM, Shelf, box, make_fragment, make_head, make_segment, rows
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]


@pytest.fixture(autouse=True, params=["upsert", "copy"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever way rows go in, they are the same."""
    monkeypatch.setattr(index, "LEAST_COPIED", 1 if request.param == "copy" else 10**9)


def look(shelf: Shelf, camera: Camera, now: datetime | None = None) -> index.Indexed:
    return index_files(shelf.server, list_files(shelf.root, camera.pk).files, now or datetime.now(UTC))


def test_a_closed_file_becomes_a_ready_row_of_its_cameras_city(world: World, shelf: Shelf) -> None:
    content = make_segment(fragments=3, number=4)
    file = shelf.put(world.foreign_camera, content)
    assert look(shelf, world.foreign_camera) == index.Indexed(written=1)
    row = Segment.objects.get()
    assert (row.city_id, row.camera_id, row.media_server_id) == (
        world.other_city.pk,
        world.foreign_camera.pk,
        world.server.pk,
    )
    assert (row.file, row.start, row.end) == (file, START, START + timedelta(seconds=12))
    assert (row.state, row.damage, row.is_recovered) == ("ready", "", False)
    assert (row.size, row.whole_bytes, row.stream_id, row.number) == (len(content), len(content), STREAM, 4)
    assert [each.start.seconds for each in unpack_fragments(row.fragments)] == [0, 4, 8]


def test_what_did_not_change_is_not_written_again(world: World, shelf: Shelf) -> None:
    shelf.put(world.camera, make_segment())
    look(shelf, world.camera)
    before = Segment.objects.get().indexed_at
    assert look(shelf, world.camera) == index.Indexed(written=0)
    assert Segment.objects.get().indexed_at == before


@pytest.mark.parametrize(
    ("content", "damage"),
    [
        (b"", "empty"),
        (b"garbage that is no box at all", "no moov"),
        (bytes(5000), "no moov"),
        (make_segment(fragments=0), "no whole fragment"),
        (make_segment(fragments=1)[:-30], "no whole fragment"),
        (box("ftyp", bytes(8)), "no moov"),
    ],
)
def test_what_holds_no_footage_is_damaged_and_says_why(world: World, shelf: Shelf, content: bytes, damage: str) -> None:
    shelf.put(world.camera, content)
    assert look(shelf, world.camera) == index.Indexed(written=1, damaged=1)
    row = Segment.objects.get()
    assert (row.state, row.damage, row.start, row.end) == ("damaged", damage, START, START)


def test_a_file_grows_and_is_closed(world: World, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    seen = []
    for content in (
        b"",
        make_segment(fragments=1, closed=False),
        make_segment(fragments=2, closed=False, tail=b"\x00\x00"),
        make_segment(fragments=3),
    ):
        shelf.put(world.camera, content, age=0)
        look(shelf, world.camera, now)
        now += timedelta(seconds=5)
        row = Segment.objects.get()
        seen.append((row.state, (row.end - row.start).seconds, row.size - row.whole_bytes))
    assert seen == [("open", 0, 0), ("open", 4, 0), ("open", 8, 2), ("ready", 12, 0)]


def test_what_a_crash_left_is_ready_to_its_last_whole_fragment(world: World, shelf: Shelf) -> None:
    shelf.put(world.camera, make_segment(fragments=2, closed=False, tail=make_segment()[-40:]), age=50)
    look(shelf, world.camera)
    row = Segment.objects.get()
    assert (row.state, row.is_recovered, row.end - row.start) == ("ready", True, timedelta(seconds=8))
    assert row.size - row.whole_bytes == 40


def test_a_hole_is_kept_with_the_row_while_the_file_grows_and_afterwards(world: World, shelf: Shelf) -> None:
    """Ten minutes of silence, which MediaMTX writes as a sample that lasts so long."""
    parts = [make_fragment(0), make_fragment(1, seconds=604, at=4), make_fragment(2, at=608), make_fragment(3, at=630)]
    seen = []
    for count, closed in [(2, False), (3, False), (4, True)]:
        shelf.put(world.camera, make_head(START, 0, 634_000 * closed) + b"".join(parts[:count]), age=0)
        look(shelf, world.camera, datetime.now(UTC) + timedelta(seconds=count))
        row = Segment.objects.get()
        holes = [(each.start.seconds, each.end.seconds) for each in unpack_holes(row.holes)]
        seen.append(((row.end - row.start).seconds, holes))
    assert seen == [(8, []), (612, [(8, 608)]), (634, [(8, 608), (612, 630)])]


@pytest.mark.parametrize("seed", range(5))
def test_hooks_doubled_shuffled_and_late_give_the_same_rows(world: World, shelf: Shelf, seed: int) -> None:
    for minute in range(6):
        at = START + timedelta(minutes=minute)
        shelf.put(world.camera, make_segment(at, closed=minute % 2 == 0, number=minute), at=at)
    shelf.put(world.camera, b"", at=START + timedelta(hours=1))
    look(shelf, world.camera)
    expected = rows()
    Segment.objects.all().delete()
    files = list_files(shelf.root, world.camera.pk).files
    stories = random.Random(seed).choices(files, k=20) + files  # noqa: S311 -- a test's dice
    for file in stories:
        index_files(shelf.server, [file], datetime.now(UTC))
    assert rows() == expected
    assert len(expected) == 7


def test_a_reading_that_comes_late_does_not_undo_a_newer_one(world: World, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    shelf.put(world.camera, make_segment(fragments=3, closed=False), age=0)
    look(shelf, world.camera, now)
    shelf.put(world.camera, make_segment(fragments=1, closed=False), age=0)
    look(shelf, world.camera, now - timedelta(seconds=5))
    assert (Segment.objects.get().end - START).seconds == 12
    # Unless the clock was set back: such a row must not stay as it is for ever.
    look(shelf, world.camera, now - timedelta(hours=1))
    assert (Segment.objects.get().end - START).seconds == 4


def test_a_row_that_is_being_deleted_stays_so(world: World, shelf: Shelf) -> None:
    shelf.put(world.camera, make_segment())
    look(shelf, world.camera)
    Segment.objects.update(state="deleting", deletion_rule="age")
    shelf.put(world.camera, make_segment(fragments=5))
    look(shelf, world.camera)
    assert Segment.objects.get().state == "deleting"


def test_a_copy_of_a_recording_is_told_of_and_gets_no_row(world: World, shelf: Shelf) -> None:
    file = shelf.put(world.camera, make_segment())
    copy = shelf.put(world.camera, make_segment(), at=START + timedelta(hours=1))
    assert look(shelf, world.camera).twins == (copy,)
    assert look(shelf, world.camera).twins == (copy,)
    later = list_files(shelf.root, world.camera.pk).files[1:]
    assert index_files(shelf.server, later, datetime.now(UTC)).twins == (copy,)
    assert [row["file"] for row in rows()] == [file]


def test_the_start_of_a_file_may_become_known_later(world: World, shelf: Shelf) -> None:
    """MediaMTX in another time zone names the file wrongly; until the header is there only the name is known."""
    now = datetime.now(UTC)
    shelf.put(world.camera, b"", at=START + timedelta(hours=3), age=0)
    look(shelf, world.camera, now)
    shelf.put(world.camera, make_segment(START), at=START + timedelta(hours=3), age=0)
    look(shelf, world.camera, now + timedelta(seconds=1))
    assert Segment.objects.get().start == START


def test_files_that_cannot_be_read_are_told_of(world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    file = shelf.put(world.camera, make_segment())

    def fail(root: str, file: DiskFile, now: datetime) -> Any:
        raise OSError(5, "Input/output error", file.name)

    monkeypatch.setattr(reading, "read_file", fail)
    assert look(shelf, world.camera).unreadable == (file,)
    assert rows() == []


def test_a_file_that_went_since_it_was_listed_is_no_error(world: World, shelf: Shelf) -> None:
    files = list_files(shelf.root, world.camera.pk).files
    path = shelf.root / shelf.put(world.camera, make_segment())
    files = list_files(shelf.root, world.camera.pk).files
    path.unlink()
    assert index_files(shelf.server, files, datetime.now(UTC)) == index.Indexed()


def test_nothing_is_sealed_that_the_disk_has_not_confirmed(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shelf.put(world.camera, make_segment(), age=5)
    synced: list[str] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        assert Segment.objects.count() == 0
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    look(shelf, world.camera)
    path = (shelf.root / file).resolve()
    assert synced == [str(path), str(path.parent)]
    assert Segment.objects.get().state == "ready"


def test_where_fsync_fails_no_row_says_ready(world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    file = shelf.put(world.camera, make_segment(), age=5)

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        assert look(shelf, world.camera).unreadable == (file,)
        assert rows() == []
    assert look(shelf, world.camera).written == 1


def test_rows_of_another_city_are_impossible(world: World, shelf: Shelf) -> None:
    shelf.put(world.camera, make_segment())
    look(shelf, world.camera)
    with transaction.atomic():
        Segment.objects.update(city=world.other_city)
        with pytest.raises(IntegrityError, match="same_city"), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def test_two_servers_may_hold_the_same_name(world: World, shelf: Shelf, tmp_path: Path) -> None:
    shelf.put(world.camera, make_segment())
    look(shelf, world.camera)
    other = MediaServer.objects.create(name="other", recordings_root=str(tmp_path / "other"))
    elsewhere = Shelf(tmp_path / "other", other)
    copy = elsewhere.put(world.camera, make_segment())
    assert look(elsewhere, world.camera).twins == (copy,)
    later = START + timedelta(hours=2)
    elsewhere.put(world.camera, make_segment(later), at=later)
    assert look(elsewhere, world.camera).written == 1


def test_many_files_are_indexed_in_batches(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(index, "BATCH_FILES", 10)
    for second in range(25):
        at = START + timedelta(seconds=second)
        shelf.put(world.camera, make_segment(at, fragments=1, number=second), at=at)
    # Savepoint, lock, twins, upsert, release; or whether no row is near, cities, room, copy, taking in, emptying.
    with django_assert_max_num_queries(3 * 9):
        assert look(shelf, world.camera).written == 25
    assert {row["file"].partition("/")[2] for row in rows()} == {
        name_for(START + timedelta(seconds=second)) for second in range(25)
    }


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_leave_the_same_rows(world: World, shelf: Shelf) -> None:
    for minute in range(20):
        at = START + timedelta(minutes=minute)
        shelf.put(world.camera, make_segment(at, fragments=1, number=minute), at=at)
    copy = shelf.put(world.camera, make_segment(START, fragments=1), at=START + timedelta(days=1))
    files = list_files(shelf.root, world.camera.pk).files

    def work(seed: int) -> tuple[str, ...]:
        shuffled = random.Random(seed).sample(files, len(files))  # noqa: S311 -- a test's dice
        try:
            with every_city("a test's worker"):
                return index_files(shelf.server, shuffled, datetime.now(UTC)).twins
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        assert list(workers.map(work, range(8))) == [(copy,)] * 8
    assert {row["file"] for row in rows()} == shelf.files() - {copy}


def test_rows_are_copied_in_only_where_none_is_near(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "LEAST_COPIED", 1)
    copied: list[int] = []

    def note(cursor: Any, server_id: int, facts: Any, now: datetime) -> int:
        copied.append(len(facts))
        return copy_rows(cursor, server_id, facts, now)

    monkeypatch.setattr(bulk, "copy_rows", note)
    for hour in (0, 2):
        shelf.put(world.camera, make_segment(START + timedelta(hours=hour)), at=START + timedelta(hours=hour))
        look(shelf, world.camera)
    assert copied == [1]  # the second time the first file was looked at again
    later = START + timedelta(hours=4)
    shelf.put(world.camera, make_segment(later), at=later)
    index_files(shelf.server, list_files(shelf.root, world.camera.pk).files[-1:], datetime.now(UTC))
    assert copied == [1, 1]
    between = START + timedelta(hours=1)
    shelf.put(world.camera, make_segment(between), at=between)
    # The name says one hour, which is free; the mark of the next says two, which is not.
    shelf.put(world.camera, make_segment(START + timedelta(hours=2)), at=START + timedelta(hours=1, minutes=1))
    done = index_files(shelf.server, list_files(shelf.root, world.camera.pk).files[1:3], datetime.now(UTC))
    assert (done.written, len(done.twins), copied) == (1, 1, [1, 1])


def test_files_of_a_camera_that_is_gone_get_no_row(world: World, shelf: Shelf) -> None:
    stranger = Camera(id=STREAM, name="gone")
    shelf.put(stranger, make_segment())
    assert look(shelf, stranger) == index.Indexed()
    assert rows() == []


def put_ahead(shelf: Shelf, camera: Camera, fragments: int, ahead: float, *, at: datetime = START) -> str:
    """Put a recording's first file that was last written so many seconds before it seems to end."""
    file = shelf.put(camera, make_segment(fragments=fragments, closed=False), at=at)
    written = START.timestamp() + 4 * fragments - ahead
    os.utime(shelf.root / file, (written, written))
    return file


@pytest.mark.parametrize(
    ("later", "start"),
    [(2.4, 2.5), (2.6, 2.5), (0, 2.5), (-90, 2.5), (3.5, 3.5)],
    ids=["a little less", "a little more", "none", "copied", "more"],
)
def test_a_start_that_was_found_earlier_stays_unless_a_look_finds_clearly_more(
    world: World, shelf: Shelf, later: float, start: float
) -> None:
    put_ahead(shelf, world.camera, 2, 2.5)
    look(shelf, world.camera)
    put_ahead(shelf, world.camera, 5, later)
    look(shelf, world.camera)
    row = Segment.objects.get()
    assert (START - row.start, row.end - row.start) == (timedelta(seconds=start), timedelta(seconds=20))
    assert look(shelf, world.camera) == index.Indexed(written=0)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_copy_whose_start_is_found_to_be_another_one_is_a_twin_all_the_same(
    world: World, shelf: Shelf, *, at_once: bool
) -> None:
    put_ahead(shelf, world.camera, 2, 2.5)
    if not at_once:
        look(shelf, world.camera)
    copy = put_ahead(shelf, world.camera, 2, -90, at=START + timedelta(hours=1))
    assert look(shelf, world.camera).twins == (copy,)
    assert [row["start"] for row in rows()] == [START - timedelta(seconds=2.5)]
