"""Protect racing delete: whoever comes first, no segment that goes has a held file, and nothing untrue is said."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections, transaction

from cities.scope import every_city
from recording.holds.decisions import NoFootage
from recording.holds.keeping import keep_links
from recording.holds.queries import is_held, state_holds, take_turn_with_holds
from recording.holds.services import hold_footage
from recording.models import Hold, Segment
from recording.states import SegmentState
from tests.recording.holds.conftest import NOW, believe, fill
from tests.recording.segments.conftest import START, Shelf
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROUNDS = 200


def mark_for_deletion() -> None:
    """What the ring does: mark what holds let go, then unlink it."""
    with transaction.atomic():
        take_turn_with_holds()
        Segment.objects.filter(~is_held(NOW), state=SegmentState.READY).update(
            state=SegmentState.DELETING, deletion_rule="age"
        )


def unlink_marked(root: Path) -> None:
    for segment in Segment.objects.filter(state=SegmentState.DELETING):
        (root / segment.file).unlink(missing_ok=True)


def run_together(*works: Callable[[], object]) -> list[BaseException]:
    """Start all at once, each with a connection of its own; give what went wrong."""
    barrier, wrong = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Callable[[], object]) -> None:
        try:
            with every_city("a thread of a test"):
                barrier.wait(10)
                work()
        except BaseException as error:  # noqa: BLE001 -- handed to the test
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return wrong


def test_a_hold_and_the_ring_never_miss_each_other(world: World, shelf: Shelf) -> None:
    seen = {"hold": 0, "ring": 0}
    for _ in range(ROUNDS):
        with every_city("a test looks at all rows"):
            play(world, shelf, seen)
    assert min(seen.values()) > 0, f"one side always came first: {seen}"


def play(world: World, shelf: Shelf, seen: dict[str, int]) -> None:
    """One round: three segments, a hold of the first two, the ring and the sweep, all at once."""
    Segment.objects.all().delete()
    Hold.objects.all().delete()
    segments = fill(shelf, world.camera, 3)
    refused: list[NoFootage] = []

    def protect() -> None:
        try:
            hold_footage(world.camera, starts_at=START, ends_at=segments[1].start, reason="Robbery", by=None, now=NOW)
        except NoFootage as error:
            refused.append(error)

    def delete() -> None:
        mark_for_deletion()
        unlink_marked(shelf.root)

    wrong = run_together(protect, delete, lambda: keep_links(shelf.server, NOW, believe))
    assert wrong == []
    for _ in range(2):
        mark_for_deletion()
        unlink_marked(shelf.root)
        keep_links(shelf.server, NOW, believe)
    check(shelf, segments, refused, seen)


def check(shelf: Shelf, segments: list[Segment], refused: list[NoFootage], seen: dict[str, int]) -> None:
    rows = {row.pk: row for row in Segment.objects.all()}
    states = [rows[segment.pk].state for segment in segments]
    for row in rows.values():
        assert row.state == SegmentState.READY or row.held_file == ""
        assert row.held_file == "" or (shelf.root / row.held_file).stat().st_size == row.size
    assert states[2] == "deleting"
    if refused:
        seen["ring"] += 1
        assert (states[:2], Hold.objects.count()) == (["deleting"] * 2, 0)
        return
    seen["hold"] += 1
    assert states[:2] == ["ready"] * 2
    hold = Hold.objects.get()
    stated = state_holds([hold], NOW)[hold.pk]
    assert (stated.kept[0].start, stated.kept[-1].end, stated.missing) == (segments[0].start, segments[1].end, ())
