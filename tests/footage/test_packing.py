"""Fragments in a few bytes, and by column."""

import struct
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import BrokenIndex
from footage.packing import Columns, pack_fragments, unpack_columns, unpack_fragments
from footage.reader import Fragment

SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)
USUAL = [
    Fragment(1_500 + 1_000_000 * n, 1_000_000, 4 * n * SECOND, 4 * SECOND, n % 2 == 0, 998_000) for n in range(450)
]

counts = st.integers(0, (1 << 62) - 1) | st.integers(0, 5_000_000)
times = st.timedeltas(timedelta(0), timedelta(days=2))
fragments = st.builds(Fragment, counts, counts, times, times, st.booleans(), counts)


@given(st.lists(fragments, max_size=20))
def test_any_fragments_come_back(listed: list[Fragment]) -> None:
    assert unpack_fragments(pack_fragments(listed)) == tuple(listed)


@given(st.lists(fragments, max_size=20))
def test_columns_say_the_same(listed: list[Fragment]) -> None:
    columns = unpack_columns(pack_fragments(listed))
    assert [
        (offset, size, start * MICROSECOND, duration * MICROSECOND, key == 1)
        for offset, size, start, duration, key in zip(*columns[:5], strict=True)
    ] == [each[:5] for each in listed]


def test_seams_are_where_something_is_missing() -> None:
    later = USUAL[2]._replace(start=USUAL[2].start + SECOND)
    moved = USUAL[1]._replace(offset=USUAL[1].offset + 1)
    assert unpack_columns(pack_fragments(USUAL)).seams == [0]
    assert unpack_columns(pack_fragments([*USUAL[:2], later])).seams == [0, 2]
    assert unpack_columns(pack_fragments([USUAL[0], moved])).seams == [0, 1]
    assert unpack_columns(pack_fragments([Fragment(0, 9, timedelta(), SECOND, True, 9)])).seams == []


def test_half_an_hour_fits_in_six_kilobytes() -> None:
    packed = pack_fragments(USUAL)
    assert unpack_fragments(packed) == tuple(USUAL)
    assert len(packed) == 9 + 13 * len(USUAL) + 44


def test_nothing_is_nine_bytes() -> None:
    assert pack_fragments([]) == b"\x02" + bytes(8)
    assert unpack_fragments(b"\x02" + bytes(8)) == ()
    assert unpack_columns(b"\x02" + bytes(8)) == Columns([], [], [], [], b"", [])


def test_a_memoryview_will_do() -> None:
    assert unpack_fragments(memoryview(pack_fragments(USUAL[:2]))) == tuple(USUAL[:2])


@given(st.lists(fragments, min_size=1, max_size=5), st.data())
def test_torn_data_is_refused(listed: list[Fragment], data: st.DataObject) -> None:
    packed = pack_fragments(listed)
    torn = packed[: data.draw(st.integers(0, len(packed) - 1))]
    with pytest.raises(BrokenIndex):
        unpack_fragments(torn)


@given(st.integers(0, 3), st.integers(0, 3), st.binary(max_size=200))
def test_any_bytes_are_fragments_or_refused(count: int, odd: int, data: bytes) -> None:
    head = b"\x02" + struct.pack("<II", count, odd)
    try:
        found = unpack_fragments(head + data[: 13 * count + 44 * odd])
    except BrokenIndex:
        return
    assert unpack_fragments(pack_fragments(found)) == found


def spell(count: int, odd: list[tuple[int, ...]], keys: bytes = b"\1") -> bytes:
    columns = struct.pack(f"<{3 * count}I", *[1] * 3 * count) + keys * count
    return b"\x02" + struct.pack("<II", count, len(odd)) + columns + b"".join(struct.pack("<IQQQQQ", *o) for o in odd)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "version"),
        (b"\x00\x00", "version"),
        (b"\x03" + bytes(8), "version"),
        (b"\x02", "torn"),
        (b"\x02" + bytes(9), "left over"),
        (b"\x02\xff\xff\xff\xff" + bytes(4), "torn"),
        (spell(1, [])[:-1], "torn"),
        (spell(1, [], b"\2"), "flags"),
        (spell(2, [(1, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0)]), "order"),
        (spell(2, [(2, 0, 0, 0, 0, 0)]), "order"),
        (spell(1, [(0, 1 << 62, 0, 0, 0, 0)]), "no file can have"),
        (spell(2, [(0, (1 << 62) - 1, 1, 0, 0, 0)]), "no file can have"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, reason: str) -> None:
    for unpack in (unpack_fragments, unpack_columns):
        with pytest.raises(BrokenIndex, match=reason):
            unpack(data)


@pytest.mark.parametrize(
    "impossible",
    [
        Fragment(-1, 0, SECOND, SECOND, True, 0),
        Fragment(0, 0, -SECOND, SECOND, True, 0),
        Fragment(0, 1 << 62, SECOND, SECOND, True, 0),
    ],
)
def test_impossible_fragments_are_not_packed(impossible: Fragment) -> None:
    with pytest.raises(BrokenIndex, match="no file can have"):
        pack_fragments([impossible])
