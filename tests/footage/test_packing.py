"""Fragments in a few bytes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import BrokenIndex
from footage.packing import pack_fragments, unpack_fragments
from footage.reader import Fragment

SECOND = timedelta(seconds=1)
USUAL = [
    Fragment(1_500 + 1_000_000 * n, 1_000_000, 4 * n * SECOND, 4 * SECOND, n % 2 == 0, 998_000) for n in range(450)
]

counts = st.integers(0, (1 << 62) - 1) | st.integers(0, 5_000_000)
times = st.timedeltas(timedelta(0), timedelta(days=2))
fragments = st.builds(Fragment, counts, counts, times, times, st.booleans(), counts)


@given(st.lists(fragments, max_size=20))
def test_any_fragments_come_back(listed: list[Fragment]) -> None:
    assert unpack_fragments(pack_fragments(listed)) == tuple(listed)


def test_half_an_hour_fits_in_four_kilobytes() -> None:
    packed = pack_fragments(USUAL)
    assert unpack_fragments(packed) == tuple(USUAL)
    assert len(packed) < 9 * len(USUAL)


def test_nothing_is_two_bytes() -> None:
    assert pack_fragments([]) == b"\x01\x00"
    assert unpack_fragments(b"\x01\x00") == ()


def test_a_memoryview_will_do() -> None:
    assert unpack_fragments(memoryview(pack_fragments(USUAL[:2]))) == tuple(USUAL[:2])


@given(st.lists(fragments, min_size=1, max_size=5), st.data())
def test_torn_data_is_refused(listed: list[Fragment], data: st.DataObject) -> None:
    packed = pack_fragments(listed)
    torn = packed[: data.draw(st.integers(0, len(packed) - 1))]
    with pytest.raises(BrokenIndex):
        unpack_fragments(torn)


@given(st.binary(max_size=200))
def test_any_bytes_are_fragments_or_refused(data: bytes) -> None:
    try:
        found = unpack_fragments(b"\x01" + data)
    except BrokenIndex:
        return
    assert unpack_fragments(pack_fragments(found)) == found


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "version"),
        (b"\x00\x00", "version"),
        (b"\x02\x00", "version"),
        (b"\x01", "torn"),
        (b"\x01\xff\xff\xff\xff\x0f", "counts more"),
        (b"\x01" + b"\x80" * 50, "torn"),
        (b"\x01\x00\x00", "left over"),
        (b"\x01\x01\x08\x00\x00\x00", "flags"),
        (b"\x01\x01\x00\x00\x00\x01", "no file can have"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, reason: str) -> None:
    with pytest.raises(BrokenIndex, match=reason):
        unpack_fragments(data)


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
