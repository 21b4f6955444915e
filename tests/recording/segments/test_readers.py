"""Real processes that read: they say what this one would say, and footage is read whatever becomes of them."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from subprocess import Popen

import pytest

from recording.models import Segment
from recording.segments import readers as room
from recording.segments.disk import list_files
from recording.segments.index import Indexed, index_files
from recording.segments.readers import Readers, start_readers
from recording.segments.reading import Order, Reading, read_batch, receive_reading, send_order, serve
from recording.segments.reconcile import reconcile
from tests.recording.segments.conftest import START, Shelf, make_segment, rows
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]


@pytest.fixture
def readers() -> Iterator[Readers]:
    with start_readers(room.LEAST_FILES) as started:
        assert started is not None
        yield started


def order_all(shelf: Shelf, world: World) -> Order:
    """Order what lies on the shelf: files sound, torn, damaged, and one that cannot be opened."""
    for minute, content in enumerate([make_segment(), make_segment()[:-9], b"", b"no moov at all", make_segment(None)]):
        shelf.put(world.camera, content, at=START + timedelta(minutes=minute))
    shelf.put(world.camera, make_segment(), at=START + timedelta(minutes=9), age=1)
    listed = list_files(shelf.root, world.camera.pk).files
    looped = listed[0]._replace(name="2026-01-27_04-00-00-000000.mp4")
    (shelf.root / looped.file).symlink_to(shelf.root / looped.file)
    return Order(str(shelf.root), [*listed, looped, looped._replace(name="gone.mp4")], datetime.now(UTC))


def test_a_process_says_what_this_one_says(world: World, shelf: Shelf, readers: Readers) -> None:
    order = order_all(shelf, world)
    said = readers.read(order)
    assert said == read_batch(order)
    assert [each.state for each in said.facts] == ["ready", "ready", "damaged", "damaged", "ready", "ready"]
    assert [file for file, _ in said.refused] == [order.files[-2].file]


def test_orders_are_served_until_nobody_orders(world: World, shelf: Shelf) -> None:
    order, orders, answers = order_all(shelf, world), BytesIO(), BytesIO()
    send_order(order, orders)
    send_order(order._replace(files=[]), orders)
    orders.seek(0)
    serve(orders, answers)
    answers.seek(0)
    assert [receive_reading(answers), receive_reading(answers)] == [read_batch(order), Reading()]


def test_files_of_a_lost_process_are_read_all_the_same(
    world: World, shelf: Shelf, readers: Readers, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, ask = order_all(shelf, world), room._ask

    def ask_dead(process: Popen[bytes], order: Order) -> Reading:
        process.kill()
        process.wait()
        return ask(process, order)

    monkeypatch.setattr(room, "_ask", ask_dead)
    with caplog.at_level(logging.WARNING):
        assert [readers.read(order) for _ in range(readers.count + 1)] == [read_batch(order)] * (readers.count + 1)
    assert len(caplog.records) == readers.count + 1


def test_a_reader_that_is_stuck_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ARGV", ("sleep", "600"))
    monkeypatch.setattr(room, "PATIENCE_SECONDS", 0.01)
    with start_readers(room.LEAST_FILES) as started:
        assert started is not None


def test_for_few_files_no_process_is_started() -> None:
    with start_readers(room.LEAST_FILES - 1) as started:
        assert started is None


def test_readers_index_what_one_process_would(world: World, shelf: Shelf, readers: Readers) -> None:
    order = order_all(shelf, world)
    done = index_files(shelf.server, order.files, order.now, readers)
    assert (done.written, done.damaged, len(done.twins), len(done.unreadable)) == (4, 2, 2, 1)
    with_readers = [{**row, "indexed_at": None} for row in rows()]
    Segment.objects.all().delete()
    assert index_files(shelf.server, order.files, order.now) == done
    assert [{**row, "indexed_at": None} for row in rows()] == with_readers


def test_a_full_pass_over_many_files_reads_them_by_processes(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LEAST_FILES", 3)
    used: list[int] = []
    read = Readers.read

    def count(self: Readers, order: Order) -> Reading:
        used.append(len(order.files))
        return read(self, order)

    monkeypatch.setattr(Readers, "read", count)
    for minute in range(5):
        at = START + timedelta(minutes=minute)
        shelf.put(world.camera, make_segment(at), at=at)
    assert reconcile(shelf.server, datetime.now(UTC)).indexed == Indexed(written=5)
    assert used == [5]
