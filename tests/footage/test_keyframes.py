"""A fragment's first keyframe is found and wrapped; whatever a moof says, nothing worse than a reason comes."""

import random
import struct

import pytest

from footage.boxes import iterate_boxes
from footage.errors import BrokenBox
from footage.header import Track
from footage.keyframes import Keyframe, find_keyframe, wrap_keyframe
from footage.moof import parse_moof
from tests.footage.building import KEY, NOT_KEY, box, full, make_run

TRACK = Track(1, 90_000, b"vide", "avc1")


def make_moof(samples: list[tuple[int, int, int]], number: int = 1, count: int | None = None) -> bytes:
    """Give a moof of these samples (duration, size, flags), whose data begins where it ends and an mdat's head."""
    head = box(b"tfhd", full(0, 0x020000), struct.pack(">I", number))
    time = box(b"tfdt", full(1), struct.pack(">Q", 0))
    run = make_run(samples, count)
    size = 8 + 16 + 8 + len(head) + len(time) + len(run)
    run = run[:16] + struct.pack(">i", size + 8) + run[20:]
    return box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", head, time, run))


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        ([(9, 100, KEY), (9, 10, NOT_KEY)], (0, 100)),
        ([(9, 10, NOT_KEY), (9, 20, NOT_KEY), (9, 100, KEY)], (30, 100)),
        ([(9, 10, NOT_KEY)], None),
        ([(9, 0, KEY)], None),
        ([(9, 1 << 30, KEY)], None),
        ([], None),
    ],
)
def test_the_first_keyframe_is_found(samples: list[tuple[int, int, int]], found: tuple[int, int] | None) -> None:
    moof = make_moof(samples)
    assert find_keyframe(moof, TRACK) == (found and Keyframe(len(moof) + 8 + found[0], found[1]))


def test_another_tracks_samples_are_none_of_it() -> None:
    assert find_keyframe(make_moof([(9, 100, KEY)], number=2), TRACK) is None


def test_a_wrapped_keyframe_is_a_fragment_of_one_second() -> None:
    whole = wrap_keyframe(TRACK, b"a picture", 7)
    moof, mdat = iterate_boxes(whole, 0, len(whole))
    samples = parse_moof(whole, moof.body, moof.end, {1: TRACK}, 1).main
    assert (samples.start, samples.duration, samples.size, samples.is_key) == (7 * 90_000, 90_000, 9, True)
    assert whole[mdat.body : mdat.end] == b"a picture"
    assert find_keyframe(whole, TRACK) == Keyframe(mdat.body, 9)


def test_a_count_beyond_the_box_is_refused() -> None:
    with pytest.raises(BrokenBox):
        find_keyframe(make_moof([(9, 10, NOT_KEY)], count=1 << 31), TRACK)


def test_a_count_without_a_table_takes_no_time() -> None:
    run = box(b"trun", full(0, 0x001), struct.pack(">Ii", 0xFFFFFFFF, 100))
    traf = box(b"traf", box(b"tfhd", full(0, 0x020020), struct.pack(">II", 1, NOT_KEY)), run)
    assert find_keyframe(box(b"moof", traf), TRACK) is None


def test_torn_and_altered_moofs_give_a_reason_or_a_place() -> None:
    chance = random.Random(7)  # noqa: S311 -- made-up damage, the same each time
    moof = make_moof([(9, 10, NOT_KEY), (9, 100, KEY)])
    for _ in range(3000):
        data = bytearray(moof[: chance.randrange(len(moof) + 1)] if chance.random() < 0.3 else moof)
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            found = find_keyframe(bytes(data), TRACK)
        except BrokenBox:
            continue
        assert found is None or (found.offset > 0 and found.size > 0)
