"""ffmpeg's progress reports, in pieces of any size."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ffmpeg.progress import Progress, ProgressParser

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

# Written by FFmpeg 9.0.2 while relaying by RTSP.
TWO_REPORTS = """frame=0
fps=0.00
stream_0_0_q=-1.0
bitrate=N/A
total_size=N/A
out_time_us=N/A
out_time_ms=N/A
out_time=N/A
dup_frames=0
drop_frames=0
speed=N/A
progress=continue
frame=73
fps=24.15
stream_0_0_q=-1.0
bitrate=N/A
total_size=N/A
out_time_us=4806349
out_time_ms=4806349
out_time=00:00:04.806349
dup_frames=0
drop_frames=0
speed=1.59x
progress=end
"""
EXPECTED = [Progress(None, 0, None, NOW), Progress(4_806_349, 73, None, NOW)]


def test_reads_what_ffmpeg_writes() -> None:
    assert ProgressParser().feed(TWO_REPORTS, NOW) == EXPECTED


@given(st.lists(st.integers(0, len(TWO_REPORTS)), max_size=12))
def test_pieces_of_any_size_give_the_same_reports(cuts: list[int]) -> None:
    parser = ProgressParser()
    edges = [0, *sorted(cuts), len(TWO_REPORTS)]
    pieces = [TWO_REPORTS[start:end] for start, end in pairwise(edges)]
    assert [report for piece in pieces for report in parser.feed(piece, NOW)] == EXPECTED


def test_a_report_without_more_pictures_has_not_moved() -> None:
    earlier, later = Progress(5, 10, None, NOW), Progress(9, 10, None, NOW + timedelta(seconds=1))
    assert later.has_moved_since(earlier) is False
    assert Progress(9, 11, None, NOW).has_moved_since(earlier) is True
    assert earlier.has_moved_since(None) is True


@given(st.text())
def test_nonsense_is_no_report_and_no_exception(text: str) -> None:
    assert ProgressParser().feed(text.replace("progress=", ""), NOW) == []


def test_numbers_that_are_none_are_taken_as_unknown() -> None:
    text = "frame=٣\nout_time_us=--5\ntotal_size=99999999999999999999999\nprogress=continue\n"
    assert ProgressParser().feed(text, NOW) == [Progress(None, 0, None, NOW)]


def test_an_endless_line_is_not_kept() -> None:
    parser = ProgressParser()
    for _ in range(100):
        parser.feed("x" * 10_000, NOW)
    assert len(parser._unfinished) == 4_096
