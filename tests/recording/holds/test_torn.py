"""A file that ends in damage is held for all of its time, and no more is said of it than is true."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from recording.gaps.spans import Span
from recording.holds.decisions import HoldState, NoFootage, Statement, name_link
from recording.holds.keeping import keep_links
from recording.holds.queries import held_bytes, is_held, state_holds
from recording.holds.services import release_hold
from recording.models import Hold, Segment
from recording.segments.disk import write_marker
from recording.segments.looks import look_at_cameras
from recording.storage.queries import measure_uses
from tests.recording.holds.conftest import NOW, believe
from tests.recording.segments.conftest import START, Shelf, make_fragment, make_segment
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
Holding = Callable[..., Hold]


@pytest.fixture
def torn(world: World, shelf: Shelf) -> Segment:
    """A file of 60 s of which a crash left three fragments of 4 s and part of the others."""
    write_marker(shelf.root, shelf.server.pk)
    file = shelf.put(world.camera, make_segment(START, closed=False, tail=make_fragment(3)[:-1]))
    written = (START + timedelta(seconds=60)).timestamp()
    os.utime(shelf.root / file, (written, written))
    look_at_cameras(shelf.server, [world.camera.pk], datetime.now(UTC))
    return Segment.objects.get()


def span(start: float, end: float) -> Span:
    return Span(START + timedelta(seconds=start), START + timedelta(seconds=end))


def test_the_index_knows_until_when_it_was_written(torn: Segment) -> None:
    seconds = [(moment - START).total_seconds() for moment in (torn.end, torn.claims_until) if moment]
    assert (seconds, torn.is_recovered) == ([12, 60], True)


def test_time_beyond_its_last_whole_fragment_keeps_it(torn: Segment, shelf: Shelf, hold: Holding) -> None:
    made = hold(30, 40)
    assert list(Segment.objects.filter(~is_held(NOW))) == []
    assert keep_links(shelf.server, NOW, doubt=believe).linked == 1
    assert (shelf.root / name_link(torn.pk)).samefile(shelf.root / torn.file)
    assert [each.bytes for each in held_bytes(NOW)] == [torn.size]
    assert sum(use.held_bytes for uses in measure_uses(NOW).values() for use in uses.values()) == torn.size
    stated = Statement(HoldState.LOST, missing=(span(30, 40),), held_bytes=torn.size)
    assert state_holds([made], NOW)[made.pk] == stated
    assert keep_links(shelf.server, NOW, doubt=believe).returned == 0
    release_hold(made, by=None, now=NOW)
    assert keep_links(shelf.server, NOW, doubt=believe).returned == 1


def test_its_footage_is_kept_footage_still(torn: Segment, shelf: Shelf, hold: Holding) -> None:
    made = hold(6, 40)
    keep_links(shelf.server, NOW, doubt=believe)
    stated = Statement(HoldState.PARTLY, kept=(span(0, 12),), missing=(span(12, 40),), held_bytes=torn.size)
    assert state_holds([made], NOW)[made.pk] == stated


def test_after_its_last_write_there_is_nothing_to_hold(torn: Segment, hold: Holding) -> None:
    with pytest.raises(NoFootage):
        hold(61, 70)
    Segment.objects.update(state="deleting", deletion_rule="age")
    with pytest.raises(NoFootage):
        hold(30, 40)
