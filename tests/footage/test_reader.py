"""What a segment says, and what is made of one that lies: files made by hand."""

import os
import struct
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from footage import reader
from footage.reader import Fragment, Limits, SegmentReading, read_segment
from tests.footage.building import (
    KEY,
    NOT_KEY,
    START,
    STREAM_ID,
    box,
    full,
    large_box,
    make_fragment,
    make_head,
    make_moof,
    make_mtxi,
    make_mvhd,
    make_run,
    make_segment,
    make_track,
    make_traf,
    make_trex,
)

SECOND = timedelta(seconds=1)
HEAD = make_head()
FRAGMENT = make_fragment(0, [(90_000, 500, KEY)])
Read = Callable[..., SegmentReading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write bytes to a file and read it."""

    def read(data: bytes, limits: Limits = reader.LIMITS) -> SegmentReading:
        file = tmp_path / "2026-01-27_03-00-00-123456.mp4"
        file.write_bytes(data)
        return read_segment(file, limits=limits)

    return read


def test_a_segment_tells_everything(read: Read) -> None:
    data = make_segment(2)
    size = len(make_fragment(0, [(1, 500, KEY), (1, 100, NOT_KEY)]))
    before = time.time() - 1  # the clock of a file system's times ticks coarsely
    reading = read(data)
    assert before <= reading.written <= time.time()
    assert reading._replace(written=0.0) == SegmentReading(
        size=len(data),
        start=START,
        stream_id=STREAM_ID,
        number=7,
        duration=8 * SECOND,
        whole_bytes=len(data),
        is_closed=False,
        init_bytes=len(HEAD),
        fragments=(
            Fragment(len(HEAD), size, 0 * SECOND, 4 * SECOND, is_key=True, sample_bytes=600),
            Fragment(len(HEAD) + size, size, 4 * SECOND, 4 * SECOND, is_key=True, sample_bytes=600),
        ),
        codecs=("avc1",),
    )


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_duration_in_the_header_means_closed_and_nothing_else(read: Read, version: int, *, is_closed: bool) -> None:
    head = make_head(mvhd=make_mvhd(5_000 if is_closed else 0, version), tracks=[make_track(version=version)])
    reading = read(head + FRAGMENT)
    assert (reading.is_closed, reading.duration, reading.damage) == (is_closed, SECOND, "")


def test_an_unknown_duration_is_not_a_closed_file(read: Read) -> None:
    assert read(make_head(mvhd=make_mvhd(0xFFFFFFFF)) + FRAGMENT).is_closed is False


def test_without_a_mark_nothing_is_invented(read: Read) -> None:
    reading = read(make_head(mark=b"") + FRAGMENT)
    assert (reading.start, reading.stream_id, reading.number, reading.damage) == (None, None, None, "")


@pytest.mark.parametrize("nanoseconds", [0, -1, -(2**63)])
def test_a_clock_that_was_not_set_is_no_start(read: Read, nanoseconds: int) -> None:
    reading = read(make_head(mark=make_mtxi(nanoseconds=nanoseconds)) + FRAGMENT)
    assert (reading.start, reading.number) == (None, 7)


def test_the_last_moment_of_64_bits_is_a_start(read: Read) -> None:
    reading = read(make_head(mark=make_mtxi(nanoseconds=2**63 - 1, number=2**64 - 1)) + FRAGMENT)
    assert (reading.start is not None and reading.start.year, reading.number) == (2262, 2**64 - 1)


def test_the_picture_counts_wherever_its_track_stands(read: Read) -> None:
    tracks = [make_track(1, 48_000, b"soun", b"mp4a"), make_track(2, 90_000, b"vide", b"hvc1")]
    sound = make_traf(0, make_run([(24_000, 50, KEY)] * 2), number=1)
    picture = make_traf(0, make_run([(360_000, 700, NOT_KEY)]), number=2)
    media = box(b"mdat", bytes(800))
    reading = read(make_head(tracks=tracks) + make_moof(sound, picture) + media + make_moof(picture, sound) + media)
    assert [(f.sample_bytes, f.duration, f.is_key) for f in reading.fragments] == [(700, 4 * SECOND, False)] * 2
    assert reading.codecs == ("mp4a", "hvc1")


def test_without_a_picture_the_first_track_counts(read: Read) -> None:
    tracks = [make_track(number, 48_000, b"soun", b"mp4a") for number in (1, 2)]
    reading = read(make_head(tracks=tracks) + make_fragment(0, [(48_000, 10, KEY)]))
    assert (reading.duration, reading.fragments[0].is_key) == (SECOND, True)


def test_a_fragment_of_sound_alone_has_no_length_of_picture(read: Read) -> None:
    tracks = [make_track(1), make_track(2, 48_000, b"soun", b"mp4a")]
    sound = make_moof(make_traf(48_000, make_run([(48_000, 10, KEY)]), number=2)) + box(b"mdat", bytes(10))
    reading = read(make_head(tracks=tracks) + FRAGMENT + sound)
    found = reading.fragments[1]
    assert (found.start, found.duration, found.is_key, found.sample_bytes) == (SECOND, 0 * SECOND, False, 0)
    assert (reading.duration, reading.whole_bytes, reading.tear) == (SECOND, reading.size, "")


def test_defaults_come_from_the_fragment_before_the_file(read: Read) -> None:
    head = make_head(defaults=[make_trex(1, duration=90_000, size=10, flags=NOT_KEY)])
    bare = box(b"trun", full(), struct.pack(">I", 3))
    told = struct.pack(">QIIII", 0, 1, 45_000, 20, KEY)
    of_file = make_moof(make_traf(0, bare)) + box(b"mdat", bytes(30))
    of_fragment = make_moof(make_traf(270_000, bare, tfhd=told, flags=0x3B)) + box(b"mdat", bytes(60))
    reading = read(head + of_file + of_fragment)
    assert [(f.duration, f.sample_bytes, f.is_key) for f in reading.fragments] == [
        (3 * SECOND, 30, False),
        (1.5 * SECOND, 60, True),
    ]


def test_flags_of_the_first_sample_decide_about_the_key(read: Read) -> None:
    run = box(b"trun", full(0, 0x304), struct.pack(">III", 1, NOT_KEY, 90_000), struct.pack(">I", 9))
    reading = read(HEAD + make_moof(make_traf(0, run)) + box(b"mdat", bytes(9)))
    assert (reading.fragments[0].is_key, reading.fragments[0].sample_bytes) == (False, 9)


def test_several_runs_and_trafs_of_a_track_are_one(read: Read) -> None:
    first, second = make_run([(90_000, 5, KEY)]), make_run([(90_000, 6, NOT_KEY)])
    moof = make_moof(make_traf(0, first, second), make_traf(180_000, second))
    reading = read(HEAD + moof + box(b"mdat", bytes(17)))
    fragment = reading.fragments[0]
    assert (fragment.start, fragment.duration, fragment.sample_bytes) == (0 * SECOND, 3 * SECOND, 17)
    assert fragment.is_key


def test_without_a_time_a_fragment_follows_the_one_before(read: Read) -> None:
    traf = box(b"traf", box(b"tfhd", full(0, 0x020000), struct.pack(">I", 1)), make_run([(90_000, 5, KEY)]))
    old_time = box(b"tfdt", full(), struct.pack(">I", 180_000))
    timed = box(b"traf", box(b"tfhd", full(), struct.pack(">I", 1)), old_time, make_run([(90_000, 5, KEY)]))
    media = box(b"mdat", bytes(5))
    reading = read(HEAD + FRAGMENT + make_moof(traf) + media + make_moof(timed) + media)
    assert [f.start for f in reading.fragments] == [0 * SECOND, SECOND, 2 * SECOND]


def test_a_start_before_the_segments_own_counts_from_it(read: Read) -> None:
    assert read(HEAD + make_fragment(-900, [(90_000, 5, KEY)])).fragments[0].start == 0 * SECOND


def test_fragments_touch_although_ticks_are_no_microseconds(read: Read) -> None:
    head = make_head(tracks=[make_track(timescale=44_100)])
    data = head + b"".join(make_fragment(1_024 * n, [(1_024, 5, KEY)]) for n in range(50))
    found = read(data).fragments
    assert [f.start for f in found[1:]] == [f.start + f.duration for f in found[:-1]]
    assert read(data).duration == timedelta(microseconds=50 * 1_024 * 1_000_000 // 44_100)


def test_other_boxes_are_stepped_over(read: Read) -> None:
    data = box(b"free") + HEAD + box(b"styp", b"msdh") + large_box(b"uuid", bytes(99)) + FRAGMENT + box(b"mfra")
    reading = read(data)
    assert (len(reading.fragments), reading.tear, reading.damage) == (1, "", "")
    assert reading.whole_bytes == len(data) - 8


def test_sizes_of_64_bits_and_to_the_end_of_the_file(read: Read) -> None:
    moof = make_moof(make_traf(0, make_run([(90_000, 500, KEY)])))
    endless = struct.pack(">I4s", 0, b"mdat") + bytes(500)
    reading = read(HEAD + moof + large_box(b"mdat", bytes(500)) + moof + endless)
    assert [f.size for f in reading.fragments] == [len(moof) + 516, len(moof) + 508]
    assert (reading.whole_bytes, reading.tear) == (reading.size, "")


def test_a_large_moof_is_read_whole(read: Read) -> None:
    samples = [(900, 1, KEY)] * 5_000
    data = HEAD + make_fragment(0, samples) + make_fragment(4_500_000, samples)
    reading = read(data)
    assert (reading.duration, reading.whole_bytes) == (100 * SECOND, len(data))


@pytest.mark.parametrize(
    ("data", "damage"),
    [
        (b"", reader.EMPTY),
        (b"\0", reader.NO_MOOV),
        (bytes(100_000), reader.NO_MOOV),
        (HEAD[:-1], reader.NO_MOOV),
        (b"<html><body>502 Bad Gateway</body></html>", reader.NO_MOOV),
        (FRAGMENT, reader.NO_MOOV),
        (struct.pack(">I4sQ", 1, b"moov", 2**64 - 1) + bytes(500), reader.NO_MOOV),
        (box(b"moov", bytes(100)), reader.BAD_MOOV),
        (box(b"moov", box(b"trak")), reader.BAD_MOOV),
        (box(b"moov", box(b"mvhd", bytes(10))), reader.BAD_MOOV),
        (box(b"moov", box(b"udta", box(b"mtxi", bytes(10)))), reader.BAD_MOOV),
        (make_head(tracks=[make_track(number) for number in range(33)]), reader.BAD_MOOV),
        (box(b"moov", box(b"free", bytes(1 << 20))), reader.BAD_MOOV),
        (box(b"moov"), reader.NO_TRACK),
        (make_head(tracks=[make_track(timescale=0)]) + FRAGMENT, reader.NO_TRACK),
        (HEAD, reader.NO_FRAGMENT),
        (HEAD + FRAGMENT[:-1], reader.NO_FRAGMENT),
        (HEAD + bytes(4096), reader.NO_FRAGMENT),
    ],
)
def test_damage_is_named(read: Read, data: bytes, damage: str) -> None:
    reading = read(data)
    assert (reading.damage, reading.fragments, reading.duration) == (damage, (), 0 * SECOND)
    assert damage in reader.DAMAGES


LONG = 2**32 - 1
BAD_TRAF = {
    "more samples than bytes": make_traf(0, make_run([(90_000, 5, KEY)], count=LONG)),
    "more bytes than the mdat": make_traf(0, make_run([(90_000, 501, KEY)])),
    "an unknown track": make_traf(0, make_run([(90_000, 5, KEY)]), number=9),
    "no track": box(b"traf", make_run([(90_000, 5, KEY)])),
    "a start in another century": make_traf(2**62, make_run([(90_000, 5, KEY)])),
    "samples of 13 hours": make_traf(0, make_run([(LONG, 5, KEY)] * 4)),
    "a short tfdt": box(b"traf", box(b"tfhd", full(), struct.pack(">I", 1)), box(b"tfdt", full(1))),
    "a short tfhd": box(b"traf", box(b"tfhd", full())),
    "a tfhd without its defaults": make_traf(0, flags=0x38),
    "a short trun": make_traf(0, box(b"trun", full())),
    "a trun without its first flags": make_traf(0, box(b"trun", full(0, 4), bytes(4))),
    "a box that leaves its own": make_traf(0)[:-4] + struct.pack(">I", LONG) + box(b"free")[:-4],
}


@pytest.mark.parametrize("traf", BAD_TRAF.values(), ids=BAD_TRAF)
def test_footage_ends_before_a_fragment_that_contradicts_itself(read: Read, traf: bytes) -> None:
    sound = HEAD + make_fragment(0, [(90_000, 500, KEY)])
    reading = read(sound + make_moof(traf) + box(b"mdat", bytes(500)) + FRAGMENT)
    assert (reading.tear, reading.whole_bytes, reading.damage) == (reader.CONTRADICTION, len(sound), "")
    assert (len(reading.fragments), reading.is_torn) == (1, True)


def test_time_does_not_run_backwards(read: Read) -> None:
    late, early = make_fragment(180_000, [(90_000, 5, KEY)]), make_fragment(90_000, [(90_000, 5, KEY)])
    reading = read(HEAD + late + early)
    assert (reading.tear, [f.start for f in reading.fragments]) == (reader.CONTRADICTION, [2 * SECOND])


@pytest.mark.parametrize(
    ("rest", "tear"),
    [
        (b"", ""),
        (b"\0\0\0", reader.CUT_SHORT),
        (bytes(4096), reader.NO_BOX),
        (b"\xff" * 4096, reader.NO_BOX),
        (FRAGMENT[:30], reader.CUT_SHORT),
        (FRAGMENT[:-1], reader.CUT_SHORT),
        (FRAGMENT[: len(FRAGMENT) - 508], reader.CUT_SHORT),
        (FRAGMENT[: len(FRAGMENT) - 504], reader.CUT_SHORT),
        (make_moof(make_traf(0)) + bytes(100), reader.NO_BOX),
        (make_moof(make_traf(0)) + FRAGMENT, reader.NO_BOX),
        (struct.pack(">I4s", 7, b"free"), reader.NO_BOX),
        (struct.pack(">I4sQ", 1, b"free", 15), reader.NO_BOX),
        (struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1), reader.CUT_SHORT),
    ],
)
def test_what_follows_the_last_whole_fragment_is_named(read: Read, rest: bytes, tear: str) -> None:
    reading = read(make_segment(2) + rest)
    assert (reading.tear, reading.whole_bytes, len(reading.fragments)) == (tear, len(make_segment(2)), 2)
    assert (reading.is_torn, reading.damage, reading.duration) == (tear != "", "", 8 * SECOND)


@pytest.mark.parametrize(
    "limits",
    [Limits(moof_bytes=100), Limits(fragments=2), Limits(boxes=16), Limits(read_bytes=6_000), Limits(read_bytes=4_000)],
)
def test_limits_end_a_pass_and_keep_what_was_found(read: Read, limits: Limits) -> None:
    data = make_segment(20)
    reading = read(data, limits)
    assert reading.tear == reader.TOO_MUCH or reading.damage == reader.NO_MOOV
    assert reading.fragments == read(data).fragments[: len(reading.fragments)]
    assert len(reading.fragments) <= 2


def test_what_is_not_a_file_is_said(tmp_path: Path) -> None:
    pipe = tmp_path / "2026-01-27_03-00-00-123456.mp4"
    os.mkfifo(pipe)
    assert read_segment(pipe).damage == reader.NOT_A_FILE
    assert read_segment(tmp_path).damage == reader.NOT_A_FILE


def test_what_the_disk_says_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_segment(tmp_path / "gone.mp4")
