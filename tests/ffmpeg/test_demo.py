"""The demo cameras: what they are, and that their burnt-in clock tells the right time."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ffmpeg.binary import find_ffmpeg, list_encoders
from ffmpeg.commands import H264_ENCODERS
from ffmpeg.demo import LOCAL_OFFSET_SECONDS, DemoFeed, demo_cameras, demo_feeds
from ffmpeg.errors import FFmpegUnavailable

ALL_ENCODERS = {"libx264", "libx265", "aac"}
FFMPEG = Path("/usr/bin/ffmpeg")

_SEVEN_SEGMENTS = {
    "abcdef": "0",
    "bc": "1",
    "abdeg": "2",
    "abcdg": "3",
    "bcfg": "4",
    "acdfg": "5",
    "acdefg": "6",
    "abc": "7",
    "abcdefg": "8",
    "abcdfg": "9",
}
# In half units from the digit's corner: the middle of each bar, away from the corners that bars share.
_BAR_MIDDLES = {"a": (3, 1), "b": (5, 3), "c": (5, 7), "d": (3, 9), "e": (1, 7), "f": (1, 3), "g": (3, 5)}
_DIGIT_LEFTS = (2, 6, 12, 16, 22, 26)


def read_clock(picture: bytes, width: int, unit: int) -> str:
    """Read the six digits off a grey picture."""

    def is_lit(left: int, bar: str) -> bool:
        x, y = _BAR_MIDDLES[bar]
        return picture[(2 * unit + y * unit // 2) * width + left * unit + x * unit // 2] > 128

    return "".join(_SEVEN_SEGMENTS["".join(bar for bar in "abcdefg" if is_lit(left, bar))] for left in _DIGIT_LEFTS)


def draw_picture(feed: DemoFeed, epoch_second: int | None, at_frame: int) -> str:
    """Draw one picture of a feed, started at a given moment, and read its clock."""
    graph = feed.argv[feed.argv.index("lavfi") + 2]
    if epoch_second is not None:
        graph = graph.replace("time(0)", str(epoch_second))
    argv = [str(find_ffmpeg({"PATH": ""})), "-v", "error", "-f", "lavfi", "-i", graph]
    argv += ["-vf", f"select=eq(n\\,{at_frame})", "-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    picture = subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout
    size = next(part for part in graph.split(":") if part.startswith("s=")).removeprefix("s=")
    width, height = (int(side) for side in size.split("x"))
    return read_clock(picture, width, max(height // 90, 3))


def feeds(count: int = 4, encoders: set[str] = ALL_ENCODERS) -> list[DemoFeed]:
    return demo_feeds(FFMPEG, 8654, count, encoders.__contains__)


def test_four_different_cameras() -> None:
    assert [feed.path for feed in feeds()] == ["cam-1", "cam-2", "cam-3", "cam-4"]
    assert [feed.argv[-1] for feed in feeds(2)] == ["rtsp://127.0.0.1:8654/cam-1", "rtsp://127.0.0.1:8654/cam-2"]
    assert len({feed.name for feed in feeds()}) == 4
    assert [(len(feeds(count)), len(demo_cameras(count))) for count in (-1, 0, 3, 9)] == [
        (0, 0),
        (0, 0),
        (3, 3),
        (4, 4),
    ]


def test_cameras_and_feeds_agree() -> None:
    assert [(camera.name, camera.path) for camera in demo_cameras(4)] == [(feed.name, feed.path) for feed in feeds()]


def test_one_is_h265_if_that_can_be_encoded_and_one_has_sound() -> None:
    assert [("libx265" in feed.argv, "aac" in feed.argv) for feed in feeds()] == [
        (False, False),
        (False, True),
        (True, False),
        (False, False),
    ]
    assert not any("libx265" in feed.argv for feed in feeds(encoders={"libx264"}))


def test_without_h264_there_are_none() -> None:
    with pytest.raises(FFmpegUnavailable, match="cannot encode"):
        feeds(encoders={"libx265"})


def test_no_font_and_no_file_is_needed() -> None:
    assert not any("drawtext" in argument or "movie=" in argument for feed in feeds() for argument in feed.argv)


@pytest.mark.integration
@pytest.mark.parametrize("local", ["000000", "091907", "100000", "195959", "204538", "235959"])
def test_the_clock_shows_local_time(local: str) -> None:
    moment = datetime.strptime(f"2026-11-23 {local}+0000", "%Y-%m-%d %H%M%S%z")
    epoch_second = int(moment.timestamp()) - LOCAL_OFFSET_SECONDS
    assert draw_picture(feeds(4)[3], epoch_second, at_frame=0) == local


@pytest.mark.integration
def test_the_clock_counts_on() -> None:
    moment = int(datetime(2026, 11, 23, 23, 59, 58, tzinfo=UTC).timestamp()) - LOCAL_OFFSET_SECONDS
    assert draw_picture(feeds(4)[1], moment, at_frame=15 * 3) == "000001"


@pytest.mark.integration
@pytest.mark.parametrize("number", range(4))
def test_each_camera_shows_the_time_of_now(number: int) -> None:
    before = datetime.now(UTC)
    shown = draw_picture(feeds()[number], None, at_frame=0)
    seconds = range(int((datetime.now(UTC) - before).total_seconds()) + 2)
    offset = timedelta(seconds=LOCAL_OFFSET_SECONDS)
    assert shown in {(before + offset + timedelta(seconds=second)).strftime("%H%M%S") for second in seconds}


@pytest.mark.integration
def test_the_shipped_ffmpeg_encodes_what_they_want() -> None:
    assert set(H264_ENCODERS[:1]) | {"libx265", "aac"} <= list_encoders(find_ffmpeg({"PATH": ""}))
