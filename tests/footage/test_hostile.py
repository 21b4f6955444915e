"""Whatever a file holds: no exception, bounded time and memory, and nothing claimed that is not there."""

import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footage.packing import pack_fragments, unpack_fragments
from footage.reader import DAMAGES, TEARS, SegmentReading, read_segment
from tests.footage.building import KEY, box, full, make_head, make_moof, make_run, make_segment, make_track, make_traf

pytestmark = pytest.mark.slow

KINDS = [b"ftyp", b"moov", b"mvhd", b"trak", b"tkhd", b"mdia", b"mdhd", b"hdlr", b"minf", b"stbl", b"stsd", b"mvex"]
KINDS += [b"trex", b"udta", b"mtxi", b"moof", b"mfhd", b"traf", b"tfhd", b"tfdt", b"trun", b"mdat", b"free"]
SOUND = make_segment(3)
fuzzed = settings(max_examples=400, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(reading: SegmentReading, size: int) -> None:
    """Hold what is true of every reading."""
    assert reading.size == size
    assert 0 <= reading.init_bytes <= max(reading.init_bytes, reading.whole_bytes) <= size
    assert reading.damage == "" or (reading.damage in DAMAGES and reading.fragments == ())
    assert reading.tear == "" or reading.tear in TEARS
    at, start = reading.init_bytes, None
    for fragment in reading.fragments:
        assert at <= fragment.offset < fragment.offset + fragment.size <= reading.whole_bytes
        assert 0 <= fragment.sample_bytes < fragment.size
        assert start is None or start <= fragment.start
        at, start = fragment.offset + fragment.size, fragment.start
    assert unpack_fragments(pack_fragments(reading.fragments)) == reading.fragments


Check = Callable[[bytes], SegmentReading]


@pytest.fixture
def read_and_check(tmp_path: Path) -> Check:
    """Write bytes to a file, read it, and hold what must be true."""

    def read_and_check(data: bytes) -> SegmentReading:
        file = tmp_path / "segment.mp4"
        file.write_bytes(data)
        reading = read_segment(file)
        check(reading, len(data))
        return reading

    return read_and_check


trees = st.recursive(
    st.builds(box, st.sampled_from(KINDS), st.binary(max_size=40)),
    lambda inner: st.builds(lambda kind, parts: box(kind, *parts), st.sampled_from(KINDS), st.lists(inner, max_size=5)),
    max_leaves=30,
)


@fuzzed
@given(st.lists(trees, max_size=6).map(b"".join))
def test_random_boxes(read_and_check: Check, data: bytes) -> None:
    read_and_check(data)


@fuzzed
@given(st.lists(trees, max_size=6).map(b"".join))
def test_random_boxes_behind_a_sound_head(read_and_check: Check, data: bytes) -> None:
    read_and_check(make_head() + data)


@fuzzed
@given(st.binary(max_size=400))
def test_random_bytes_inside_a_fragment(read_and_check: Check, data: bytes) -> None:
    reading = read_and_check(SOUND + make_moof(make_traf(1_080_000, box(b"trun", data))) + box(b"mdat", bytes(50)))
    assert len(reading.fragments) in (3, 4)


@fuzzed
@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_bytes_changed(read_and_check: Check, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SOUND)
    for place, value in changes:
        data[place] = value
    read_and_check(bytes(data))


@fuzzed
@given(st.integers(0, len(SOUND)), st.integers(0, len(SOUND)), st.integers(0, len(SOUND)))
def test_pieces_lost_and_doubled(read_and_check: Check, first: int, second: int, third: int) -> None:
    read_and_check(SOUND[:first] + SOUND[second:] + SOUND[third:])


def test_every_prefix(read_and_check: Check) -> None:
    whole = read_and_check(SOUND)
    assert len(whole.fragments) == 3
    for length in range(len(SOUND)):
        reading = read_and_check(SOUND[:length])
        assert reading.fragments == whole.fragments[: len(reading.fragments)]
        assert reading.whole_bytes <= length


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_head() + box(b"free") * 2_000_000,
        lambda: make_head() + make_moof() * 1_000_000,
        lambda: make_head() + (make_moof(make_traf(0)) + box(b"mdat")) * 300_000,
        lambda: make_head() + (make_moof(*[box(b"free")] * 130_000) + box(b"mdat")) * 8,
        lambda: make_head() + (make_moof(make_traf(0, make_run([(0, 0, KEY)] * 80_000))) + box(b"mdat")) * 16,
        lambda: (
            make_head() + make_moof(make_traf(0, box(b"trun", full(), struct.pack(">I", 2**32 - 1)))) + box(b"mdat")
        ),
        lambda: box(b"moov", *[make_track(number % 256) for number in range(3_000)]),
        lambda: box(b"moov", *[box(b"trak", *[box(b"mdia")] * 30)] * 3_000),
        lambda: box(b"moov", box(b"trak", *nest(b"mdia", 50_000))),
        lambda: struct.pack(">I4s", 0, b"free") + bytes(20_000_000),
    ],
    ids=[
        "free",
        "moofs",
        "fragments",
        "crowded moofs",
        "zero samples",
        "count",
        "tracks",
        "mdias",
        "nested",
        "endless",
    ],
)
def test_bombs_cost_little(make: Callable[[], bytes], tmp_path: Path) -> None:
    data = make()
    file = tmp_path / "segment.mp4"
    file.write_bytes(data)
    tracemalloc.start()
    began = time.process_time()
    reading = read_segment(file)
    spent, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    check(reading, len(data))
    assert spent < 40  # tracing slows it threefold
    assert peak < 64 << 20


def test_a_terabyte_of_nothing_costs_nothing(tmp_path: Path) -> None:
    file = tmp_path / "segment.mp4"
    file.write_bytes(SOUND)
    with file.open("r+b") as handle:
        handle.truncate(1 << 40)
    reading = read_segment(file)
    assert (len(reading.fragments), reading.whole_bytes, reading.is_torn) == (3, len(SOUND), True)


def nest(kind: bytes, depth: int) -> list[bytes]:
    """Give a box inside a box inside a box."""
    total = 8 * depth
    return [struct.pack(">I4s", total - 8 * level, kind) for level in range(depth)]
