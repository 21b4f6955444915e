"""Segments of the real MediaMTX, against what ffmpeg finds in them: closed, open, after kill -9, and torn anywhere."""

import os
import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import imageio_ffmpeg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footage.layout import start_from_name
from footage.reader import SegmentReading, read_segment
from tests.footage.conftest import FRAMES, H264, RATE, Corpus, of, publish_as
from tests.footage.test_hostile import check
from tests.real import RunningMediaMTX, wait_until

pytestmark = pytest.mark.integration
PART = timedelta(seconds=4)


@dataclass(frozen=True)
class Packet:
    """A sample as ffmpeg found it; times in ticks."""

    dts: int
    duration: int
    size: int
    is_key: bool


def find_packets(file: Path) -> tuple[int, list[Packet]]:
    """Give the ticks per second and the packets of the picture, or else of the sound, as ffmpeg has them."""
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(file), "-map", "0:v?", "-map", "0:a?"]
    argv += ["-c", "copy", "-copyts", "-f", "framecrc", "-"]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    (timescale,) = [int(line.rpartition("/")[2]) for line in lines if line.startswith("#tb 0:")]
    rows = [re.split(r",\s*", line) for line in lines if line.startswith("0,")]
    return timescale, [Packet(int(row[1]), int(row[3]), int(row[4]), "F=0x0" not in row[6:]) for row in rows]


def to_time(ticks: int, timescale: int) -> timedelta:
    return timedelta(microseconds=ticks * 1_000_000 // timescale)


def expect_the_truth(file: Path, reading: SegmentReading) -> None:
    """Hold the reading against ffmpeg's, fragment by fragment."""
    timescale, packets = find_packets(file)
    error = reading.duration - to_time(sum(packet.duration for packet in packets), timescale)
    assert abs(error) <= len(reading.fragments) * timedelta(microseconds=1)
    assert sum(fragment.sample_bytes for fragment in reading.fragments) == sum(packet.size for packet in packets)
    # MediaMTX cuts times to ticks: a fragment may begin one tick before the end of the one before.
    ends = [fragment.start for fragment in reading.fragments[1:]] + [timedelta.max]
    for fragment, end in zip(reading.fragments, ends, strict=True):
        inside = [packet for packet in packets if fragment.start <= to_time(packet.dts, timescale) < end]
        assert fragment.start == to_time(inside[0].dts, timescale)
        assert fragment.is_key == inside[0].is_key
        assert fragment.sample_bytes == sum(packet.size for packet in inside)


def test_every_kind_is_read_as_ffmpeg_reads_it(corpus: Corpus) -> None:
    for file in corpus.whole:
        reading = read_segment(file)
        check(reading, file.stat().st_size)
        assert (reading.damage, reading.tear, reading.whole_bytes) == ("", "", file.stat().st_size)
        expect_the_truth(file, reading)


def test_codecs_and_closing_are_told(corpus: Corpus) -> None:
    readings = [read_segment(file) for file in (corpus.h264, corpus.h264_aac, corpus.h265, corpus.aac, corpus.crashed)]
    assert [reading.codecs for reading in readings] == [("avc1",), ("avc1", "mp4a"), ("hvc1",), ("mp4a",), ("avc1",)]
    assert [reading.is_closed for reading in readings] == [True, True, True, True, False]


def test_the_picture_lasts_as_long_as_it_was_sent(corpus: Corpus) -> None:
    sent = timedelta(seconds=FRAMES / RATE)
    for file in (corpus.h264, corpus.h264_aac, corpus.h265):
        reading = read_segment(file)
        # MediaMTX does not know how long the last frame lasts, and begins at the first key it hears: one in 1.5 s.
        assert sent - timedelta(seconds=4) < reading.duration <= sent
        assert reading.fragments[0].is_key
        # A part ends when any of its tracks has four seconds; the sound may be a little ahead of the picture.
        assert all(abs(fragment.duration - PART) < timedelta(seconds=1) for fragment in reading.fragments[:-1])


def test_what_was_sent_without_a_pause_has_no_holes(corpus: Corpus) -> None:
    """Ten pictures a second, with B-frames and with sound, of H.265, and sound alone."""
    assert [read_segment(file).holes for file in corpus.whole] == [()] * 5


def test_neither_many_pictures_a_second_nor_few_have_holes(real_mediamtx: RunningMediaMTX) -> None:
    names = {rate: f"stream_{uuid4()}" for rate in ("25", "1", "1/4")}

    def read(rate: str) -> SegmentReading | None:
        files = list((real_mediamtx.recordings / names[rate]).glob("*.mp4"))
        return read_segment(files[0]) if files else None

    with ExitStack() as publishers:
        for rate, name in names.items():
            source = ["-f", "lavfi", "-i", f"testsrc2=size=160x120:rate={rate}"]
            publishers.enter_context(
                publish_as(real_mediamtx, name, [*source, *H264, "-tune", "zerolatency", "-g", "1"])
            )
        for rate in names:
            has_three = of(lambda rate=rate: read(rate), lambda reading: len(reading.fragments) >= 3)  # type: ignore[misc]  # as in the corpus
            wait_until(has_three, f"three fragments of {rate} pictures a second", 60)
        readings = [read(rate) for rate in names]
    assert [(reading.holes, reading.tear) for reading in readings if reading] == [((), "")] * 3


def test_the_mark_agrees_with_the_name(corpus: Corpus) -> None:
    readings = {file: read_segment(file) for file in corpus.whole}
    assert {file: reading.start for file, reading in readings.items()} == {
        file: start_from_name(file.name) for file in readings
    }
    assert [reading.number for reading in readings.values()] == [0] * len(readings)
    assert len({reading.stream_id for reading in readings.values()}) == len(readings)
    moments = [reading.start for reading in readings.values() if reading.start]
    assert all(abs(datetime.now(UTC) - moment) < timedelta(hours=1) for moment in moments)


def test_an_open_file_is_the_beginning_of_what_it_becomes(corpus: Corpus) -> None:
    opened, crashed = read_segment(corpus.opened), read_segment(corpus.crashed)
    assert (opened.is_closed, opened.start, opened.number) == (False, crashed.start, crashed.number)
    assert 1 <= len(opened.fragments) < len(crashed.fragments)
    assert opened.fragments == crashed.fragments[: len(opened.fragments)]


def test_any_prefix_is_read_up_to_its_last_whole_fragment(corpus: Corpus, tmp_path: Path) -> None:
    for original in (corpus.h264_aac, corpus.aac):
        whole = read_segment(original)
        file = tmp_path / original.name
        file.write_bytes(original.read_bytes())
        for length in choose_lengths(whole):
            os.truncate(file, length)
            reading = read_segment(file)
            check(reading, length)
            ended = [fragment for fragment in whole.fragments if fragment.offset + fragment.size <= length]
            assert reading.fragments == tuple(ended)
            assert reading.whole_bytes == (
                ended[-1].offset + ended[-1].size if ended else whole.init_bytes if length >= whole.init_bytes else 0
            )
            is_cut = length not in {reading.whole_bytes, 0} and length > whole.init_bytes
            assert reading.is_torn == is_cut


def choose_lengths(whole: SegmentReading) -> list[int]:
    """Give, falling, all lengths of the head and around each border, and some of every fragment's inside."""
    borders = [0, whole.init_bytes, *(fragment.offset + fragment.size for fragment in whole.fragments)]
    near = {border + step for border in borders for step in range(-20, 2_500)}
    far = set(range(0, whole.size, 997)) | set(range(whole.init_bytes))
    return sorted((length for length in near | far if 0 <= length <= whole.size), reverse=True)


@settings(max_examples=300, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_bytes_of_a_real_file(corpus: Corpus, tmp_path: Path, data: st.DataObject) -> None:
    whole = read_segment(corpus.h264_aac)
    borders = [0, *(fragment.offset for fragment in whole.fragments)]
    content = bytearray(corpus.h264_aac.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.sampled_from(borders)) + data.draw(st.integers(0, 1_500))
        content[min(place, len(content) - 1)] = data.draw(st.integers(0, 255))
    file = tmp_path / "flipped.mp4"
    file.write_bytes(content)
    check(read_segment(file), len(content))
