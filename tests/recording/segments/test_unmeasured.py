"""Footage from before activity was measured gets its own: what the index would write today, bounded, and once."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from cities.scope import every_city
from footage.activity import measure_activity
from footage.packing import pack_fragments
from footage.reader import Fragment
from recording import tasks
from recording.models import Segment
from recording.segments.disk import list_files
from recording.segments.index import index_files
from recording.segments.unmeasured import NOTHING_KNOWN, measure_packed, measure_unmeasured
from tests.recording.segments.conftest import START, Shelf, make_segment, rows
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]

FOUR_SECONDS = timedelta(seconds=4)
FRAGMENTS = [Fragment(1000 * n, 1000, n * FOUR_SECONDS, FOUR_SECONDS, is_key=True, sample_bytes=900) for n in range(6)]
PACKED = pack_fragments(FRAGMENTS)
LEVELS = measure_activity(FRAGMENTS)


def test_packed_fragments_are_measured_as_those_of_a_file() -> None:
    assert measure_packed(1, PACKED) == measure_packed(1, memoryview(PACKED)) == LEVELS
    assert len(LEVELS) == 3


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\7",
        PACKED[:-1],
        pack_fragments([]),
        pack_fragments([Fragment(0, 9, timedelta(days=3), FOUR_SECONDS, is_key=True, sample_bytes=9)]),
    ],
    ids=["empty", "unknown version", "torn", "of no fragments", "beyond what any segment lasts"],
)
def test_what_cannot_be_measured_is_marked_so(packed: bytes) -> None:
    assert measure_packed(1, packed) == NOTHING_KNOWN != b""


def add(world: World, minute: int, **more: Any) -> Segment:
    start = START + timedelta(minutes=minute)
    about: dict[str, Any] = {"camera": world.camera, "city": world.city, "state": "ready", "fragments": PACKED} | more
    return Segment.objects.create(
        **about,
        media_server=world.server,
        start=start,
        end=start + timedelta(seconds=24),
        size=6000,
        whole_bytes=6000,
        file=f"{minute}.mp4",
        indexed_at=start,
    )


def levels() -> list[bytes]:
    """Give the activity of all rows, the oldest first."""
    return [bytes(each) for each in Segment.objects.order_by("start").values_list("activity", flat=True)]


def test_a_healed_row_is_what_the_index_would_write(world: World, shelf: Shelf) -> None:
    for camera in (world.camera, world.foreign_camera):
        for fragments in (3, 5):
            at = START + timedelta(hours=fragments)
            shelf.put(camera, make_segment(at, fragments=fragments, closed=fragments == 3), at=at)
        index_files(shelf.server, list_files(shelf.root, camera.pk).files, datetime.now(UTC))
    indexed = rows()
    assert b"" not in [row["activity"] for row in indexed]
    Segment.objects.update(activity=b"")
    assert measure_unmeasured() == len(indexed) == 4
    assert rows() == indexed


def test_each_run_takes_so_many_the_newest_first_and_none_twice(world: World) -> None:
    for minute in range(5):
        add(world, minute)
    assert measure_unmeasured(2) == 2
    assert levels() == [b"", b"", b"", LEVELS, LEVELS]
    assert [measure_unmeasured(2) for _ in range(3)] == [2, 1, 0]
    assert levels() == [LEVELS] * 5


def test_nobody_looks_for_what_is_open_damaged_or_being_deleted(world: World) -> None:
    add(world, 0, state="open")
    add(world, 1, state="damaged", damage="cut")
    add(world, 2, state="deleting", deletion_rule="age")
    add(world, 3, activity=b"\5")
    assert measure_unmeasured() == 0
    assert levels() == [b"", b"", b"", b"\5"]


def test_what_cannot_be_measured_is_looked_at_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    torn = add(world, 0, fragments=PACKED[:-1])
    assert [measure_unmeasured(), measure_unmeasured()] == [1, 0]
    assert levels() == [NOTHING_KNOWN]
    assert [record.getMessage() for record in caplog.records] == [
        f"The activity of segment {torn.pk} stays unknown: a fragment index that is torn, or has bytes left over"
    ]


def test_nothing_to_do_is_one_question_that_an_empty_index_answers(
    world: World, django_assert_num_queries: Any
) -> None:
    Segment.objects.bulk_create(
        Segment(
            camera=world.camera,
            city=world.city,
            media_server=world.server,
            start=START + timedelta(minutes=minute),
            end=START + timedelta(minutes=minute),
            size=1,
            whole_bytes=1,
            file=f"{minute}.mp4",
            state="ready",
            activity=LEVELS,
            indexed_at=START,
        )
        for minute in range(2000)
    )
    with CaptureQueriesContext(connection) as asked, django_assert_num_queries(1):
        assert measure_unmeasured() == 0
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE recording_segment")
        cursor.execute("REINDEX INDEX unmeasured_segment_by_start")  # other tests left dead entries in it
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {asked.captured_queries[0]['sql']}")
        plan = cursor.fetchone()[0][0]["Plan"]
    assert "unmeasured_segment_by_start" in json.dumps(plan)
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= 2


@pytest.fixture
def committed(transactional_db: None, world: World) -> World:
    """The world, seen by other connections too."""
    return world


def test_the_task_measures_all_cities(committed: World) -> None:
    add(committed, 0)
    add(committed, 1, camera=committed.foreign_camera, city=committed.other_city)
    tasks.measure_old_footage()
    assert levels() == [LEVELS, LEVELS]


def test_a_row_that_somebody_is_about_to_write_is_left_to_the_next_run(committed: World) -> None:
    held, _ = add(committed, 0), add(committed, 1)
    is_held, is_over = threading.Event(), threading.Event()

    def hold() -> None:
        with every_city("another process is at a row"), transaction.atomic():
            Segment.objects.select_for_update().get(pk=held.pk)
            is_held.set()
            assert is_over.wait(30)
        connections["default"].close()

    other = threading.Thread(target=hold)
    other.start()
    assert is_held.wait(30)
    assert measure_unmeasured() == 1
    is_over.set()
    other.join(30)
    assert levels() == [b"", LEVELS]
    assert measure_unmeasured() == 1


def test_what_was_measured_meanwhile_is_not_written_over(committed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row = add(committed, 0)

    def measure_late(pk: int, packed: bytes) -> bytes:
        Segment.objects.filter(pk=row.pk).update(activity=b"\5")
        return measure_packed(pk, packed)

    monkeypatch.setattr("recording.segments.unmeasured.measure_packed", measure_late)
    assert measure_unmeasured() == 0
    assert levels() == [b"\5"]
