"""The short way through the head that MediaMTX writes says what the long way says."""

from hypothesis import given, settings
from hypothesis import strategies as st

from footage import header
from footage.errors import BrokenBox
from tests.footage.building import box, make_mtxi, make_mvhd, make_track, make_trex

TRACKS = [make_track(), make_track(2, 48_000, b"soun", b"mp4a")]
MARK = box(b"udta", make_mtxi())
BEGINNINGS = [make_mvhd(), make_mvhd(5_000), make_mvhd(2**32 - 1), make_mvhd(5_000, version=1), box(b"mvhd", bytes(15))]
PARTS = [*BEGINNINGS, *TRACKS, box(b"mvex", make_trex(1, 3_600, 50)), MARK, box(b"udta", bytes(40))]
PARTS += [box(b"udta", make_mtxi(number=3), make_mtxi()), box(b"free", make_mtxi()), make_mtxi(), box(b"free")]
USUAL = make_mvhd(5_000) + b"".join(TRACKS) + box(b"mvex", make_trex()) + MARK

Outcome = header.Head | str


def parse_long(content: bytes) -> Outcome:
    try:
        return header._parse_head(content, 0, len(content))
    except BrokenBox:
        return "broken"


def expect_the_same(content: bytes) -> None:
    """Hold the short way to the long one, also the second time, when it goes by memory."""
    for _ in range(2):
        shortly = header._parse_usual(content, 0, len(content))
        assert shortly is None or shortly == parse_long(content)


def test_what_mediamtx_writes_takes_the_short_way() -> None:
    for mvhd in (make_mvhd(), make_mvhd(5_000), make_mvhd(2**32 - 1)):
        content = mvhd + USUAL[len(mvhd) :]
        assert header._parse_usual(content, 0, len(content)) == parse_long(content)
        assert header._parse_usual(content, 0, len(content)) is not None


def test_a_mark_of_one_file_is_not_told_of_another() -> None:
    for number in (1, 2, 3):
        content = USUAL[: -len(MARK)] + box(b"udta", make_mtxi(number=number))
        found = header.parse_head(content, 0, len(content))
        assert found.mark is not None
        assert found.mark.number == number


@settings(max_examples=1_000)
@given(st.lists(st.tuples(st.integers(0, len(USUAL) - 1), st.integers(0, 255)), max_size=4), st.integers(0, 80))
def test_both_ways_agree_whatever_was_changed(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(USUAL)
    for place, value in changes:
        data[place] = value
    expect_the_same(bytes(data))
    expect_the_same(bytes(data[: len(data) - cut]))


@settings(max_examples=1_000)
@given(st.lists(st.sampled_from(PARTS), max_size=6))
def test_both_ways_agree_however_the_boxes_stand(parts: list[bytes]) -> None:
    expect_the_same(b"".join(parts))
    expect_the_same(make_mvhd() + b"".join(parts))
    expect_the_same(make_mvhd() + b"".join(parts) + MARK)


def test_a_head_that_ends_inside_its_duration_is_broken() -> None:
    content = (b"\0\0\0\x1cmvhd" + bytes(20))[:28]
    for length in range(29):
        expect_the_same(content[:length])
    assert header._parse_usual(content, 0, 26) is None
