"""A file that grows, read piece by piece, says what it says when read at once: whatever it holds, wherever cut."""

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from footage import reader
from footage.growing import Memory, read_growing
from footage.packing import unpack_fragments
from footage.reader import LIMITS, Limits, SegmentReading, read_on, read_segment
from tests.footage.building import (
    KEY,
    box,
    make_fragment,
    make_head,
    make_moof,
    make_mvhd,
    make_run,
    make_segment,
    make_traf,
)
from tests.footage.conftest import Corpus
from tests.footage.test_hostile import SOUND, trees

HEAD = make_head()
ENDLESS = make_moof(make_traf(0, make_run([(90_000, 5, KEY)]))) + b"\0\0\0\0mdat" + bytes(50)
fuzzed = settings(max_examples=300, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
cuts = st.lists(st.integers(0, 4_000), max_size=5)

Grow = Callable[[bytes, Sequence[int]], list[SegmentReading]]


@pytest.fixture
def grow(tmp_path: Path) -> Grow:
    """Write a file piece by piece, read what is new of it, and hold it against the reading of the whole each time."""

    def grow(data: bytes, lengths: Sequence[int]) -> list[SegmentReading]:
        file, memory = tmp_path / "segment.mp4", None
        readings: list[SegmentReading] = []
        file.write_bytes(b"")
        for begin, end in pairwise([0, *sorted(min(length, len(data)) for length in lengths), len(data)]):
            with file.open("ab") as handle:
                handle.write(data[begin:end])
            memory = expect_the_whole(file, memory, readings)
        return readings

    return grow


def expect_the_whole(file: Path, memory: Memory | None, readings: list[SegmentReading]) -> Memory | None:
    growth = read_growing(file, memory)
    expected = read_segment(file)
    assert growth.reading._replace(fragments=unpack_fragments(growth.packed), before=None) == expected
    assert growth.reading.last == expected.last
    readings.append(growth.reading)
    return growth.memory


def test_only_what_is_new_is_told(grow: Grow) -> None:
    fragment = len(make_segment(1)) - len(HEAD)
    readings = grow(make_segment(4), [len(HEAD) + fragment, len(HEAD) + fragment + 20, len(HEAD) + 3 * fragment])
    assert [len(reading.fragments) for reading in readings] == [1, 0, 2, 1]
    assert [reading.tear for reading in readings] == ["", reader.CUT_SHORT, "", ""]


def test_every_cut(grow: Grow) -> None:
    data = make_segment(2) + box(b"free") + make_fragment(720_000, [(90_000, 50, KEY)])
    for length in range(len(data)):
        grow(data, [length])


@pytest.mark.slow
@fuzzed
@example([SOUND, box(b"moof")], [len(SOUND)])
@example([HEAD, ENDLESS], [len(HEAD) + len(ENDLESS) - 20])
@example([HEAD, b"\0\0\0\0free", SOUND[len(HEAD) :]], [len(HEAD) + 8])
@given(st.lists(trees | st.sampled_from([SOUND, HEAD, SOUND[len(HEAD) :], ENDLESS, bytes(9)]), max_size=5), cuts)
def test_hostile_files(grow: Grow, parts: list[bytes], lengths: list[int]) -> None:
    grow(b"".join(parts), lengths)
    grow(HEAD + b"".join(parts), lengths)


@pytest.mark.slow
@fuzzed
@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=8), cuts)
def test_bytes_changed(grow: Grow, changes: list[tuple[int, int]], lengths: list[int]) -> None:
    data = bytearray(SOUND)
    for place, value in changes:
        data[place] = value
    grow(bytes(data), lengths)


@pytest.mark.parametrize("head", [b"\0\0\0\0" + HEAD[20:24] + HEAD[24:], box(b"free", bytes(5_000)) + HEAD])
def test_a_head_that_cannot_be_kept(grow: Grow, head: bytes) -> None:
    data = HEAD[:16] + head + SOUND[len(HEAD) :]
    grow(data, [len(HEAD[:16] + head), len(data) - 700])


@pytest.mark.parametrize(
    "limits",
    [
        *[Limits(boxes=boxes) for boxes in range(3, 90, 7)],
        *[Limits(read_bytes=length) for length in range(4_000, 40_000, 3_000)],
        Limits(fragments=3),
    ],
)
@pytest.mark.parametrize("large", [False, True])
def test_limits_count_what_was_read_before(tmp_path: Path, limits: Limits, *, large: bool) -> None:
    file, bookmark = tmp_path / "segment.mp4", None
    data = make_segment(9)
    if large:
        data = data.replace(SOUND[-600:], b"") + make_fragment(9 * 360_000, [(900, 1, KEY)] * 2_000) * 2
    found: tuple[reader.Fragment, ...] = ()
    for length in range(len(HEAD), len(data) + 1, 97):
        file.write_bytes(data[:length]) if length < 200 else grow_to(file, data[:length])
        reading, bookmark = read_on(file, bookmark, limits=limits)
        found = (*found, *reading.fragments) if reading.before else reading.fragments
        assert reading._replace(fragments=found, before=None) == read_segment(file, limits=limits)


def grow_to(file: Path, data: bytes) -> None:
    with file.open("ab") as handle:
        handle.write(data[file.stat().st_size :])


def test_a_file_that_shrank_was_closed_or_replaced_is_read_anew(tmp_path: Path) -> None:
    file, readings = tmp_path / "segment.mp4", list[SegmentReading]()
    file.write_bytes(SOUND)
    memory = expect_the_whole(file, None, readings)
    os.truncate(file, len(SOUND) - 1)
    memory = expect_the_whole(file, memory, readings)
    with file.open("r+b") as handle:
        handle.write(make_head(mvhd=make_mvhd(12_000)))
    memory = expect_the_whole(file, memory, readings)
    other = tmp_path / "other.mp4"
    other.write_bytes(make_head(mvhd=make_mvhd(12_000)) + make_fragment(0, [(90_000, 50, KEY)]) * 40)
    other.rename(file)
    expect_the_whole(file, memory, readings)
    assert [(len(reading.fragments), reading.before, reading.is_closed) for reading in readings] == [
        (3, None, False),
        (2, None, False),
        (2, None, True),
        (40, None, True),
    ]


@pytest.mark.integration
def test_a_real_file_grows(corpus: Corpus, grow: Grow) -> None:
    data = corpus.crashed.read_bytes()
    readings = grow(data, range(0, len(data), max(1, len(data) // 40)))
    assert max(len(reading.fragments) for reading in readings) == 1
    assert LIMITS.read_bytes > len(data)
