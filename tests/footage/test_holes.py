"""Silence that a recorder wrote into the length of a sample: where it is found, and where there is none."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import BrokenIndex
from footage.growing import read_growing
from footage.holes import Hole, find_pauses, pack_holes, unpack_holes
from footage.moof import Samples
from footage.packing import unpack_fragments
from footage.reader import SegmentReading, read_segment
from tests.footage.building import (
    KEY,
    NOT_KEY,
    box,
    full,
    make_fragment,
    make_head,
    make_moof,
    make_run,
    make_track,
    make_traf,
)

HZ = 90_000
Read = Callable[..., SegmentReading]


def seconds(*each: float) -> list[timedelta]:
    return [timedelta(seconds=every) for every in each]


def hole(start: float, end: float) -> Hole:
    return Hole(*seconds(start, end))


def film(start: float, *lengths: float) -> bytes:
    """Give a fragment of samples that last so many seconds."""
    return make_fragment(round(start * HZ), [(round(each * HZ), 50, KEY) for each in lengths])


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read fragments as a file, whole and as it grows by one fragment after the other, which must say the same."""

    def read(*fragments: bytes, head: bytes = make_head()) -> SegmentReading:
        file, memory = tmp_path / "segment.mp4", None
        file.write_bytes(head)
        for fragment in fragments:
            with file.open("ab") as handle:
                handle.write(fragment)
            growth = read_growing(file, memory)
            memory = growth.memory
        whole = read_segment(file)
        assert (unpack_fragments(growth.packed), growth.reading.holes) == (whole.fragments, whole.holes)
        return whole

    return read


def lasts(reading: SegmentReading) -> list[tuple[timedelta, timedelta]]:
    """Give from when to when each fragment lasts."""
    return [(each.start, each.start + each.duration) for each in reading.fragments]


def test_a_fragment_ends_where_its_last_sample_would_have(read: Read) -> None:
    reading = read(film(0, 2, 2), film(4, 0.25, 604), film(608.25, 2, 2))
    assert lasts(reading) == [tuple(seconds(*each)) for each in [(0, 4), (4, 4.5), (608.25, 612.25)]]
    assert (reading.holes, reading.duration) == ((hole(4.5, 608.25),), timedelta(seconds=8.5))


def test_a_file_ends_before_the_silence_that_ends_it(read: Read) -> None:
    reading = read(film(0, 2, 2), film(4, 0.25, 604))
    assert (lasts(reading)[-1], reading.holes) == (tuple(seconds(4, 4.5)), ())


def test_a_sample_alone_is_measured_by_the_one_before_it(read: Read) -> None:
    assert read(film(0, 4), film(4, 604), film(608, 4)).holes == (hole(8, 608),)


def test_of_the_first_sample_of_all_nothing_usual_is_known(read: Read) -> None:
    reading = read(film(0, 604), film(604, 4))
    assert (lasts(reading)[0], reading.holes) == (tuple(seconds(0, 5)), (hole(5, 604),))


def test_where_sound_went_on_the_hole_lies_inside_a_fragment(read: Read) -> None:
    """The sample is written when the next picture comes, into the fragment of the sound of that moment."""
    head = make_head(tracks=[make_track(1), make_track(2, 48_000, b"soun", b"mp4a")])
    media = box(b"mdat", bytes(500))
    sound = make_traf(10 * 48_000, make_run([(48_000, 10, KEY)] * 4), number=2)
    picture = make_traf(4 * HZ, make_run([(600 * HZ, 50, KEY), (HZ, 50, NOT_KEY), (HZ, 50, NOT_KEY)]))
    reading = read(film(0, 2, 2), make_moof(sound) + media, make_moof(sound, picture) + media, head=head)
    assert lasts(reading) == [tuple(seconds(*each)) for each in [(0, 4), (4, 4), (4, 606)]]
    assert reading.holes == (hole(6, 604),)


def test_time_without_a_fragment_is_a_hole_like_any(read: Read) -> None:
    assert read(film(0, 2, 2), film(9, 2, 2), film(18.5, 2)).holes == (hole(13, 18.5),)


def test_a_picture_that_comes_late_leaves_a_hole_at_the_beginning(read: Read) -> None:
    assert read(film(6, 2, 2)).holes == (hole(0, 6),)


@pytest.mark.parametrize("rate", [25, 1, 0.2, 0.1])
def test_a_steady_pace_has_no_holes(read: Read, rate: float) -> None:
    """Of 25 pictures a second down to one in ten seconds, in parts of four seconds."""
    count = max(1, round(4 * rate))
    reading = read(*(film(number * count / rate, *[1 / rate] * count) for number in range(5)))
    assert (reading.holes, reading.duration) == ((), timedelta(seconds=5 * count / rate))


def test_one_picture_in_twelve_seconds_is_too_few(read: Read) -> None:
    assert read(*(film(12 * number, 12) for number in range(3))).holes == (hole(5, 12), hole(17, 24))


def test_what_the_head_says_of_all_samples_is_a_pace(read: Read) -> None:
    told, bare = (600 * HZ).to_bytes(4), box(b"trun", full(), (3).to_bytes(4))
    slow = make_moof(make_traf(0, bare, tfhd=told, flags=0x08)) + box(b"mdat", bytes(9))
    reading = read(slow, film(1800, 4))
    assert (reading.holes, reading.duration) == ((), timedelta(seconds=1804))


def test_runs_and_trafs_of_a_track_are_one_row_of_samples(read: Read) -> None:
    slow, quick = make_run([(20 * HZ, 5, KEY)]), make_run([(HZ, 5, KEY)])
    moof = make_moof(make_traf(0, quick, slow), make_traf(21 * HZ, quick, quick))
    assert read(moof + box(b"mdat", bytes(20))).holes == (hole(2, 21),)


def test_what_begins_within_a_hole_is_no_other(read: Read) -> None:
    """No recorder writes fragments that overlap; a file made by hand cannot have more holes than time."""
    late = film(0, 1, 60, 1)
    assert read(late, late, late).holes == (hole(2, 61),)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(0, 12))
def test_never_more_than_ten_seconds_count_without_a_picture(lengths: list[int], usual: int) -> None:
    pauses = find_pauses(Samples(runs=((0, tuple(lengths)),)), usual, 5)
    at = 0
    for length in lengths:
        missing = sum(end - begin for begin, end in pauses if at <= begin < at + length)
        assert length - missing <= 10
        assert missing == 0 or missing > 5
        at += length


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=5))
def test_what_is_packed_comes_out(edges: list[tuple[int, int]]) -> None:
    holes = [Hole(timedelta(0, 0, start), timedelta(0, 0, end)) for start, end in edges]
    assert unpack_holes(memoryview(pack_holes(holes))) == holes


def test_torn_holes_are_refused() -> None:
    with pytest.raises(BrokenIndex):
        unpack_holes(pack_holes([hole(5, 12)])[:-1])
