"""Format 1, in which rows were written before: packed here as it was then, and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.errors import BrokenIndex
from footage.packing import unpack_columns, unpack_fragments
from footage.reader import Fragment
from footage.varints import unpack_varints
from tests.footage.test_packing import MICROSECOND, USUAL, fragments


def pack_varints(listed: list[Fragment]) -> bytes:
    """Write format 1."""
    packed = bytearray([1])
    put(packed, len(listed))
    end = time = before = 0
    for each in listed:
        start, duration = each.start // MICROSECOND, each.duration // MICROSECOND
        offset, late = each.offset - end, start - time
        packed.append(each.is_key | 2 * (offset != 0) | 4 * (late != 0))
        put(packed, each.size)
        for value in (each.size - each.sample_bytes, duration - before, *filter(None, (offset, late))):
            put(packed, value << 1 if value >= 0 else ~(value << 1))
        end, time, before = each.offset + each.size, start + duration, duration
    return bytes(packed)


def put(packed: bytearray, value: int) -> None:
    """Write a varint."""
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)


@given(st.lists(fragments, max_size=20))
def test_what_was_packed_before_comes_back(listed: list[Fragment]) -> None:
    assert unpack_fragments(pack_varints(listed)) == tuple(listed)
    columns = unpack_columns(pack_varints(listed))
    assert list(zip(*columns[:5], strict=True)) == [
        (each.offset, each.size, each.start // MICROSECOND, each.duration // MICROSECOND, each.is_key)
        for each in listed
    ]


def test_as_it_stood_in_rows() -> None:
    assert unpack_varints(bytes.fromhex("010203c0843da01f80a4e803b81700c0843da01f00")) == tuple(USUAL[:2])
    assert unpack_varints(pack_varints(USUAL)) == tuple(USUAL)


@given(st.lists(fragments, min_size=1, max_size=5), st.data())
def test_torn_data_is_refused(listed: list[Fragment], data: st.DataObject) -> None:
    packed = pack_varints(listed)
    torn = packed[: data.draw(st.integers(1, len(packed) - 1))]
    with pytest.raises(BrokenIndex):
        unpack_fragments(torn)


@given(st.binary(max_size=200))
def test_any_bytes_are_fragments_or_refused(data: bytes) -> None:
    try:
        found = unpack_fragments(b"\x01" + data)
    except BrokenIndex:
        return
    assert unpack_varints(pack_varints(list(found))) == found


@pytest.mark.parametrize(
    ("data", "reason"),
    [
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
        unpack_varints(data)
