"""An ffmpeg that is given bytes nobody trusts has so much time and writes so much."""

from pathlib import Path

import imageio_ffmpeg
import pytest

from ffmpeg.bounded import Bounds, run_bounded
from ffmpeg.errors import FFmpegNotStarted, FFmpegRefused, FFmpegTooSlow

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
QUIET = [FFMPEG, "-loglevel", "error"]


def test_it_is_ended_when_its_time_is_over() -> None:
    endless = [*QUIET, "-re", "-f", "lavfi", "-i", "nullsrc", "-f", "null", "-"]
    with pytest.raises(FFmpegTooSlow):
        run_bounded(endless, b"", Bounds(seconds=0.3))


def test_it_writes_no_more_than_it_may() -> None:
    endless = [*QUIET, "-f", "lavfi", "-i", "testsrc2", "-f", "rawvideo", "pipe:1"]
    with pytest.raises(FFmpegRefused, match="exit code"):
        run_bounded(endless, b"", Bounds(seconds=20, output_bytes=1 << 20))


def test_it_has_no_more_memory_than_it_may() -> None:
    huge = [*QUIET, "-f", "lavfi", "-i", "color=s=8000x8000:d=1", "-f", "rawvideo", "pipe:1"]
    with pytest.raises(FFmpegRefused):
        run_bounded(huge, b"", Bounds(seconds=20, memory_bytes=256 << 20, output_bytes=1 << 30))


def test_rubbish_is_refused_and_a_missing_program_told(tmp_path: Path) -> None:
    reading = [*QUIET, "-f", "mov", "-i", "pipe:0", "-f", "image2pipe", "pipe:1"]
    with pytest.raises(FFmpegRefused):
        run_bounded(reading, b"rubbish" * 100_000, Bounds())
    with pytest.raises(FFmpegNotStarted, match="VMS_FFMPEG"):
        run_bounded([str(tmp_path / "ffmpeg")], b"", Bounds())
