"""The short way through MediaMTX's own layout says what the long way says."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from footage import moof
from footage.boxes import Box
from footage.errors import BrokenBox
from footage.header import Track
from tests.footage.building import KEY, NOT_KEY, make_run, make_traf

TRACKS = {1: Track(1, 90_000, b"vide", "avc1", 3_600, 50, NOT_KEY), 2: Track(2, 48_000, b"soun", "mp4a")}
USUAL = make_traf(360_000, make_run([(3_600, 500, KEY), (3_600, 100, NOT_KEY)]))
Outcome = tuple[Track, moof.Samples] | str | None


def parse(traf: bytes, *, shortly: bool) -> Outcome:
    """Give what was found, "broken", or None where the short way does not go."""
    box = Box(b"traf", 8, len(traf))
    try:
        return (moof._parse_usual if shortly else moof._parse_track_fragment)(traf, box, TRACKS)
    except BrokenBox:
        return "broken"


def test_what_mediamtx_writes_takes_the_short_way() -> None:
    found = (TRACKS[1], moof.Samples(360_000, 7_200, 600, is_key=True, boxes=3, runs=((0, (3_600, 3_600)),)))
    assert parse(USUAL, shortly=True) == parse(USUAL, shortly=False) == found


@settings(max_examples=1_000)
@given(st.lists(st.tuples(st.integers(8, len(USUAL) - 1), st.integers(0, 255)), max_size=3), st.integers(0, 40))
def test_both_ways_agree_whatever_was_changed(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(USUAL)
    for place, value in changes:
        data[place] = value
    for traf in (bytes(data), bytes(data[:-cut]) if cut else bytes(data)):
        shortly = parse(traf, shortly=True)
        assert shortly is None or shortly == "broken" or shortly == parse(traf, shortly=False)
        assert shortly != "broken" or parse(traf, shortly=False) == "broken"


@given(st.sampled_from([0x001, 0x101, 0x201, 0x301, 0x701, 0xB01, 0xF01]), st.integers(0, 5))
def test_both_ways_agree_about_every_set_of_columns(flags: int, count: int) -> None:
    columns = (flags >> 8).bit_count()
    body = struct.pack(">IIi", 1 << 24 | flags, count, 0) + bytes(range(1, 4 * columns * count + 1))
    traf = make_traf(0, struct.pack(">I4s", 8 + len(body), b"trun") + body)
    assert parse(traf, shortly=True) == parse(traf, shortly=False)
    assert parse(traf, shortly=True) is not None
