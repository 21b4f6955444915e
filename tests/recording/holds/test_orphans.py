"""Held files of nobody are told of; none goes that could be the last of its footage, unless somebody says so."""

import os
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from recording.holds.decisions import name_link
from recording.holds.keeping import KEEPING
from recording.holds.orphans import GRACE, Fate, Orphan, find_orphans, judge_orphan, may_go, remove_orphans
from recording.models import Segment, Storage
from recording.segments.disk import MARKER
from recording.segments.index import claim
from tests.recording.segments.conftest import Shelf, make_segment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
NOBODY = name_link(10**9)
NOTHING: frozenset[str] = frozenset()
TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def double(footage: list[Segment], shelf: Shelf) -> str:
    """A link to a segment's file under a number of nobody, as a restored database leaves it."""
    (shelf.root / NOBODY).parent.mkdir(parents=True)
    os.link(shelf.root / footage[1].file, shelf.root / NOBODY)
    return NOBODY


@pytest.fixture
def last(footage: list[Segment], shelf: Shelf) -> str:
    """A held file whose footage no row knows."""
    return shelf.put_as(NOBODY, make_segment())


def names(shelf: Shelf, given_up: frozenset[str], now: datetime = TOMORROW) -> tuple[list[str], str]:
    left = remove_orphans(shelf.server, given_up, now)
    return [each.name for each in left.orphans], left.refused


@pytest.mark.parametrize(
    ("age", "file", "fate"),
    [
        (GRACE, "", Fate.LAST),
        (GRACE, "stream_x/a.mp4", Fate.DOUBLE),
        (GRACE - timedelta(seconds=1), "stream_x/a.mp4", Fate.YOUNG),
        (-GRACE, "", Fate.YOUNG),
    ],
)
def test_age_and_a_second_name_decide(age: timedelta, file: str, fate: Fate) -> None:
    assert judge_orphan(Orphan(NOBODY, 1, TOMORROW - age, file), TOMORROW) == fate


def test_only_a_double_goes_without_a_word() -> None:
    assert [may_go(fate, is_given_up=False) for fate in Fate] == [False, True, False]
    assert [may_go(fate, is_given_up=True) for fate in Fate] == [False, True, True]


def test_a_double_is_found_and_goes(double: str, footage: list[Segment], shelf: Shelf) -> None:
    assert [(each.name, each.double) for each in find_orphans(shelf.server).orphans] == [(double, footage[1].file)]
    assert names(shelf, NOTHING, datetime.now(UTC)) == ([double], "")
    assert names(shelf, NOTHING) == ([], "")
    assert (shelf.root / footage[1].file).stat().st_nlink == 1


def test_a_double_of_what_is_being_deleted_is_the_last(double: str, footage: list[Segment], shelf: Shelf) -> None:
    Segment.objects.filter(pk=footage[1].pk).update(state="deleting", deletion_rule="age")
    assert names(shelf, NOTHING) == ([double], "")


def test_the_last_of_its_footage_goes_only_by_its_name(last: str, shelf: Shelf) -> None:
    assert names(shelf, frozenset({name_link(7)})) == ([last], "")
    assert (shelf.root / last).exists()
    assert names(shelf, frozenset({last})) == ([], "")
    assert not (shelf.root / last).exists()


def test_what_stands_in_a_segments_way_can_be_given_up(footage: list[Segment], shelf: Shelf) -> None:
    link = shelf.put_as(name_link(footage[0].pk), b"x")
    assert names(shelf, NOTHING) == ([link], "")
    assert names(shelf, frozenset({link})) == ([], "")


def test_what_a_row_claims_and_what_a_crash_left_is_nobodys_business(footage: list[Segment], shelf: Shelf) -> None:
    unnoted = shelf.root / name_link(footage[0].pk)
    unnoted.parent.mkdir(parents=True)
    os.link(shelf.root / footage[0].file, unnoted)
    claimed = shelf.put_as(name_link(footage[1].pk), b"claimed, whatever it is")
    Segment.objects.filter(pk=footage[1].pk).update(held_file=claimed)
    assert names(shelf, frozenset({claimed, name_link(footage[0].pk)})) == ([], "")
    assert [unnoted.exists(), (shelf.root / claimed).exists()] == [True, True]


def test_nothing_goes_while_anything_is_in_doubt(last: str, shelf: Shelf) -> None:
    given_up = frozenset({last})
    Storage.objects.create(media_server=shelf.server, doubt="is the disk mounted?")
    assert names(shelf, given_up) == ([last], "The footage on this disk is in doubt; settle that first.")
    Storage.objects.update(doubt="")
    (shelf.root / MARKER).write_text("another's")
    left, refused = names(shelf, given_up)
    assert (left, refused[:15]) == ([], "The marker file")
    assert (shelf.root / last).exists()


@pytest.mark.django_db(transaction=True)
def test_one_at_a_time(last: str, shelf: Shelf) -> None:
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", (0x5E65, shelf.server.pk * 8 + KEEPING))
    try:
        with claim(KEEPING, shelf.server.pk) as is_ours:
            assert is_ours is False
        refused = "A pass over the held files is at work; try again when it is done."
        assert names(shelf, frozenset({last})) == ([], refused)
    finally:
        other.close()


def test_the_command_lists_and_takes_away_what_it_is_told_to(last: str, shelf: Shelf) -> None:
    output = StringIO()
    with pytest.raises(CommandError):
        call_command("check_holds", stdout=output)
    said = output.getvalue().splitlines()
    assert said[0] == f"{shelf.server.name}: 1 held files that no row claims"
    assert said[1].startswith(f"  {last} (0.0 MB, ")
    assert said[1].endswith("changed within the last hour; look again later")
    with pytest.raises(CommandError, match="needs --server"):
        call_command("check_holds", "--give-up", last)
    with pytest.raises(CommandError, match="There is no media server"):
        call_command("check_holds", "--server", "nowhere")
    with pytest.raises(CommandError, match="see above"):
        call_command("check_holds", "--server", shelf.server.name, "--give-up", last, stdout=StringIO())
    (shelf.root / last).unlink()
    call_command("check_holds", "--remove", stdout=StringIO())
