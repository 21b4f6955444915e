"""Command lines that make pictures of footage: argv lists from pure functions, fed through standard input.

The footage is the head of an fMP4 file and some of its fragments. ffmpeg may open nothing else (`pipe` is the only
protocol, `mov` the only demuxer), and writes to standard output. Times count from the file's own zero.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

WIDTHS = range(64, 1921)
"""Widths in pixels of a picture that may be asked for."""

MOST_PIXELS = 40_000_000
"""No camera has more; a file that says so is not believed, which would cost a gigabyte."""

_SHOWN_AT = re.compile(r"\bpts_time: *(-?\d+(?:\.\d+)?)")


def frame_command(
    ffmpeg: Path, *, at: timedelta, shown: tuple[timedelta, timedelta], width: int | None, is_exact: bool
) -> tuple[str, ...]:
    """Give the ffmpeg that makes a JPEG of the last picture at or before `at`; of the first one if there is none.

    Only keyframes are looked at unless `is_exact`, and only what is `shown` from the first time to before the second.
    A picture is never made larger. What was shown when is told on standard error, see `read_shown_at`.
    """
    skip = [] if is_exact else ["-skip_frame", "nokey"]
    # `fps` holds the picture that is on at its start; `tpad` keeps the last one on for as long as that takes.
    chain = [
        f"trim=start={_seconds(shown[0])}:end={_seconds(shown[1])}",
        "showinfo=checksum=0",
        "tpad=stop=-1:stop_mode=clone",
        f"fps=1000:start_time={_seconds(at, places=3)}:round=down",
        "trim=end_frame=1",
        *([f"scale='min({width},iw)':-2"] if width else []),
    ]
    end = ["-map", "0:v:0", "-vf", ",".join(chain), "-frames:v", "1"]
    return (*_begin(ffmpeg, *skip), *end, "-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "pipe:1")


def sprite_command(ffmpeg: Path, *, columns: int, rows: int, width: int) -> tuple[str, ...]:
    """Give the ffmpeg that puts the picture of each second of its footage beside the one before, `width` pixels wide.

    A second without a picture shows the one before it, and so does what is left over.
    """
    chain = f"fps=1:start_time=0:round=near,scale={width}:-2,tpad=stop=-1:stop_mode=clone,tile={columns}x{rows}"
    end = ["-map", "0:v:0", "-vf", chain, "-frames:v", "1"]
    return (*_begin(ffmpeg), *end, "-c:v", "mjpeg", "-q:v", "6", "-f", "image2pipe", "pipe:1")


def transcode_command(ffmpeg: Path, *, encoder: str, since: timedelta, width: int, with_sound: bool) -> tuple[str, ...]:
    """Give the ffmpeg that makes H.264 in MPEG-TS of footage, from `since` on; the times in it stay as they are.

    It begins with a keyframe and has no other. `with_sound` takes AAC along as it is.
    """
    speed = ["-preset", "ultrafast", "-tune", "zerolatency", "-crf", "26"] if encoder == "libx264" else ["-b:v", "2M"]
    chain = f"trim=start={_seconds(since)},scale='min({width},iw)':-2,format=yuv420p"
    pictures = ["-map", "0:v:0", "-vf", chain, "-c:v", encoder, *speed, "-g", "100000", "-threads:v", "2"]
    # The distances between pictures are the camera's own; without a delay of the muxer their times are, too.
    timing = ["-fps_mode", "passthrough", "-muxdelay", "0", "-muxpreload", "0"]
    sound = ["-map", "0:a:0", "-c:a", "copy"] if with_sound else ["-an"]
    return (
        *_begin(ffmpeg),
        *pictures,
        *timing,
        *sound,
        "-f",
        "mpegts",
        "-mpegts_flags",
        "+initial_discontinuity",
        "pipe:1",
    )


def read_shown_at(stderr: str, at: timedelta) -> timedelta | None:
    """Give the time of the picture that `frame_command` took for `at`, from what it said; None for nothing."""
    times = [timedelta(seconds=float(text)) for text in _SHOWN_AT.findall(stderr)]
    earlier = [time for time in times if _milliseconds(time) <= _milliseconds(at)]
    return max(earlier) if earlier else min(times, default=None)


def _begin(ffmpeg: Path, *options: str) -> list[str]:
    general = [str(ffmpeg), "-hide_banner", "-nostats", "-loglevel", "info"]
    bounds = ["-protocol_whitelist", "pipe", "-format_whitelist", "mov", "-max_pixels", str(MOST_PIXELS)]
    return [*general, *bounds, "-threads", "1", *options, "-copyts", "-f", "mov", "-i", "pipe:0"]


def _seconds(time: timedelta, places: int = 6) -> str:
    """Give the time in seconds, cut after so many places."""
    whole = time // timedelta(microseconds=10 ** (6 - places))
    return f"{whole / 10**places:.{places}f}"


def _milliseconds(time: timedelta) -> int:
    return time // timedelta(milliseconds=1)
