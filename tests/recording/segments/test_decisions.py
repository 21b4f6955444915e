"""What files and rows mean, decided without a disk or a database."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.layout import name_for
from footage.reader import Fragment, SegmentReading
from recording.segments.decisions import (
    DiskFile,
    KnownFile,
    Root,
    choose_claim,
    choose_start,
    drop_twins,
    is_being_written,
    is_finished,
    is_mass_loss,
    judge_file,
    judge_root,
    measure_ahead,
    needs_reading,
    plan_reconcile,
)

NOW = datetime(2026, 1, 27, 12, 0, tzinfo=UTC)
START = datetime(2026, 1, 27, 3, 0, 0, 123456, UTC)
CAMERA = UUID(int=7)
FILE = DiskFile(CAMERA, name_for(START), 1000, NOW.timestamp())
ROW = KnownFile(1, FILE.file, 1000, "ready", NOW.timestamp())
FRAGMENT = Fragment(500, 400, timedelta(), timedelta(seconds=4), is_key=True, sample_bytes=300)
SOUND = SegmentReading(
    size=1000, start=START, duration=timedelta(seconds=4), whole_bytes=900, init_bytes=500, fragments=(FRAGMENT,)
)


def aged(seconds: float, *, has_successor: bool = False) -> DiskFile:
    return FILE._replace(modified=NOW.timestamp() - seconds, has_successor=has_successor)


@pytest.mark.parametrize(
    ("seconds", "has_successor", "finished"),
    [
        (0, False, False),
        (45, False, False),
        (46, False, True),
        (10, True, False),
        (11, True, True),
        (-46, False, True),  # a time in the future is not fresh
        (-3, False, False),
    ],
)
def test_a_file_is_finished_when_nobody_wrote_it_for_a_while(
    seconds: float, *, has_successor: bool, finished: bool
) -> None:
    assert is_finished(aged(seconds, has_successor=has_successor), NOW) is finished


@pytest.mark.parametrize(
    ("reading", "seconds", "state", "recovered", "damage"),
    [
        (SOUND._replace(is_closed=True), 0, "ready", False, ""),
        (SOUND, 0, "open", False, ""),
        (SOUND, 50, "ready", True, ""),
        (SegmentReading(size=0, damage="empty"), 0, "open", False, ""),
        (SegmentReading(size=0, damage="empty"), 50, "damaged", False, "empty"),
        (SOUND._replace(is_closed=True, damage="no whole fragment", fragments=()), 0, "open", False, ""),
        (
            SOUND._replace(is_closed=True, damage="no whole fragment", fragments=()),
            50,
            "damaged",
            False,
            "no whole fragment",
        ),
    ],
)
def test_what_was_read_decides_the_state(
    reading: SegmentReading, seconds: float, state: str, *, recovered: bool, damage: str
) -> None:
    facts = judge_file(aged(seconds), reading, NOW)
    assert (facts.state, facts.is_recovered, facts.damage) == (state, recovered, damage)
    assert facts.start == START


def test_a_segment_ends_where_its_last_fragment_does() -> None:
    later = FRAGMENT._replace(offset=900, start=timedelta(seconds=10))
    facts = judge_file(FILE, SOUND._replace(fragments=(FRAGMENT, later)), NOW)
    assert facts.end - facts.start == timedelta(seconds=14)
    assert judge_file(FILE, SOUND._replace(fragments=()), NOW).end == START


def test_the_header_knows_the_start_better_than_the_name_unless_it_is_absurd() -> None:
    zone_off = START + timedelta(hours=3)
    assert choose_start(FILE.name, zone_off) == zone_off
    assert choose_start(FILE.name, None) == START
    assert choose_start(FILE.name, START + timedelta(hours=27)) == START
    with pytest.raises(ValueError, match="no segment's name"):
        choose_start("holiday.mp4", START)


def test_a_number_that_no_column_holds_is_left_out() -> None:
    assert judge_file(FILE, SOUND._replace(number=2**64 - 1), NOW).number is None
    assert judge_file(FILE, SOUND._replace(number=5), NOW).number == 5


def test_only_what_may_have_changed_is_read_again() -> None:
    assert needs_reading(FILE, None, NOW) is True
    assert needs_reading(FILE, ROW, NOW) is False
    assert needs_reading(FILE._replace(size=1001), ROW, NOW) is True
    assert needs_reading(FILE._replace(size=1001), ROW._replace(state="deleting"), NOW) is False
    still = ROW._replace(state="open")
    assert needs_reading(aged(20), still, NOW) is False
    assert needs_reading(aged(46), still, NOW) is True  # to be sealed
    assert needs_reading(aged(0.5), still, NOW) is True  # its header was rewritten: the size stays


@pytest.mark.parametrize(
    ("row", "begun", "touched", "expected"),
    [
        (ROW._replace(state="open"), 600, 30, True),
        (ROW._replace(state="open"), 600, 31, False),  # three looks should have seen it
        (ROW, 5, 5, False),  # what was sealed does not grow
        (None, 30, 45, True),
        (None, 30, 46, False),
        (None, 31, 0, False),
    ],
)
def test_what_the_next_look_will_see_is_no_disagreement(
    row: KnownFile | None, begun: float, touched: float, *, expected: bool
) -> None:
    file = DiskFile(CAMERA, name_for(NOW - timedelta(seconds=begun)), 1001, NOW.timestamp() - touched)
    assert is_being_written(file, row, NOW) is expected
    row = row and row._replace(file=file.file)
    plan = plan_reconcile([row] if row else [], [file], NOW)
    assert (plan.to_read, plan.being_written) == ((file,), int(expected))


names = st.integers(0, 5).map(lambda minute: name_for(START + timedelta(minutes=minute)))
disk_files = st.builds(
    DiskFile,
    camera_id=st.sampled_from([CAMERA, UUID(int=8)]),
    name=names,
    size=st.integers(0, 3),
    modified=st.floats(NOW.timestamp() - 100, NOW.timestamp() + 100),
    has_successor=st.booleans(),
)
known_rows = st.builds(
    lambda file, pk, size, state, at: KnownFile(pk, file.file, size, state, at),
    disk_files,
    st.integers(1, 99),
    st.integers(0, 3),
    st.sampled_from(["open", "ready", "damaged", "deleting"]),
    st.floats(NOW.timestamp() - 100, NOW.timestamp()),
)


@given(
    st.lists(known_rows, max_size=8, unique_by=lambda row: row.file),
    st.lists(disk_files, max_size=8, unique_by=lambda file: file.file),
)
def test_every_file_and_row_is_accounted_for(rows: list[KnownFile], files: list[DiskFile]) -> None:
    plan = plan_reconcile(rows, files, NOW)
    there, known = {file.file for file in files}, {row.file for row in rows}
    assert {row.file for row in plan.vanished} == known - there
    read = {file.file for file in plan.to_read}
    assert there - known <= read <= there
    assert plan_reconcile(rows[::-1], files[::-1], NOW).to_read == plan.to_read[::-1]


pairs_of_start_and_name = st.tuples(st.integers(0, 3), st.integers(0, 9))


@given(st.lists(pairs_of_start_and_name, max_size=8, unique_by=lambda pair: pair[1]), st.randoms())
def test_of_copies_one_is_kept_whatever_the_order(pairs: list[tuple[int, int]], random: Random) -> None:
    facts = [
        judge_file(FILE, SOUND, NOW)._replace(file=f"stream/{name}", start=START + timedelta(seconds=second))
        for second, name in pairs
    ]
    kept, twins = drop_twins(facts)
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert drop_twins(shuffled) == (kept, twins)
    assert len({each.start for each in kept}) == len(kept)
    assert len(kept) + len(twins) == len(facts)


def test_a_marker_says_whose_folder_it_is() -> None:
    assert judge_root("3\n", 3, has_rows=True) is Root.OURS
    assert judge_root("4\n", 3, has_rows=True) is Root.ANOTHERS
    assert judge_root("", 3, has_rows=False) is Root.ANOTHERS
    assert judge_root(None, 3, has_rows=False) is Root.NEW
    assert judge_root(None, 3, has_rows=True) is Root.LOST


@pytest.mark.parametrize(
    ("vanished", "total", "mass"),
    [(0, 0, False), (99, 99, False), (100, 201, False), (100, 200, True), (5000, 9000, True)],
)
def test_mass_loss_is_much_and_most(vanished: int, total: int, *, mass: bool) -> None:
    assert is_mass_loss(vanished, total) is mass


@pytest.mark.parametrize(
    ("number", "ahead", "counted"),
    [
        (0, 2.5, 2.5),
        (0, 0.2, 0),  # trembling
        (0, -300, 0),  # written long after: it was silent, or copied
        (0, 7, 0),  # MediaMTX would have begun anew
        (1, 2.5, 0),  # by then MediaMTX knows what time it is
        (None, 2.5, 0),
    ],
)
def test_a_recordings_first_file_cannot_be_younger_than_its_last_write(
    number: int | None, ahead: float, counted: float
) -> None:
    reading = SOUND._replace(number=number, written=START.timestamp() + 4 - ahead)
    assert round(measure_ahead(START, reading).total_seconds(), 3) == counted
    facts = judge_file(FILE, reading, NOW)
    assert round((START - facts.start).total_seconds(), 3) == counted
    assert facts.end - facts.start == timedelta(seconds=4)


@pytest.mark.parametrize(
    ("whole", "after", "claimed"),
    [
        (900, 1.5, timedelta(seconds=1.5)),
        (1000, 1.5, None),  # whole: nothing is behind its last fragment
        (900, 0, None),
        (900, -300, None),
        (900, 25 * 3600, timedelta(hours=25) - timedelta(seconds=4)),  # copied since
        (900, 1e15, timedelta(hours=25) - timedelta(seconds=4)),
    ],
)
def test_a_torn_file_claims_time_up_to_its_last_write(whole: int, after: float, claimed: timedelta | None) -> None:
    end = START + timedelta(seconds=4)
    reading = SOUND._replace(whole_bytes=whole, written=end.timestamp() + after)
    found = choose_claim(START, end, reading)
    assert (found and found - end) == claimed


def test_a_file_that_grows_claims_nothing_and_one_without_a_fragment_all_of_its_time() -> None:
    torn = SOUND._replace(written=NOW.timestamp())
    empty = torn._replace(fragments=(), duration=timedelta(), whole_bytes=500, damage="no whole fragment")
    found = [judge_file(file, reading, NOW).claims_until for file in (aged(0), aged(99)) for reading in (torn, empty)]
    assert found == [None, None, NOW, NOW]


def test_of_a_file_system_that_keeps_whole_seconds_the_latest_moment_counts() -> None:
    written = float(int(START.timestamp()) + 2)
    reading = SOUND._replace(number=0, written=written)
    assert measure_ahead(START, reading) == timedelta(seconds=1, microseconds=START.microsecond)
