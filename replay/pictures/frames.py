"""The picture of a moment, made where it is asked for: it takes less time than to order it from a worker."""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from ffmpeg.binary import find_ffmpeg
from ffmpeg.bounded import Bounds, run_bounded
from ffmpeg.errors import FFmpegRefused
from ffmpeg.pictures import frame_command, read_shown_at
from replay.pictures.choosing import choose_feeds
from replay.pictures.queries import Moment
from replay.pictures.reading import OpenFootage, UnreadableFootage

AT_THE_BEGINNING = timedelta(milliseconds=500)
"""The first picture of footage, or of a session, may come so long after its beginning."""


@dataclass(frozen=True)
class Frame:
    """A JPEG and the exact moment that it shows."""

    jpeg: bytes = field(repr=False)
    at: datetime


@cache
def our_ffmpeg() -> Path:
    """Give the ffmpeg to use, looked for once. Raises FFmpegUnavailable."""
    return find_ffmpeg(os.environ)


def make_frame(moment: Moment, *, width: int | None = None, is_exact: bool = False) -> Frame:
    """Decode the picture of a moment: its keyframe, or the very picture if `is_exact`.

    Where no keyframe may be shown (it lies before the recording session) it is the very picture too. Raises
    UnreadableFootage where the file holds none, FFmpegTooSlow, and FFmpegError where no ffmpeg runs.
    """
    with OpenFootage(moment.path) as file:
        head = file.read_head(moment.fragments[0])
        for feed in choose_feeds(moment.fragments, moment.at):
            fed = head + b"".join(map(file.read_fragment, feed))
            found = None if is_exact else _find_frame(fed, moment, width, is_exact=False)
            found = found or _find_frame(fed, moment, width, is_exact=True)
            if found:
                return found
    raise UnreadableFootage("no picture at or before the moment")


def _find_frame(fed: bytes, moment: Moment, width: int | None, *, is_exact: bool) -> Frame | None:
    """Give the picture, None where there is none at or before the moment (or at the beginning of what may be shown)."""
    try:
        frame = _decode(fed, moment, width, is_exact=is_exact)
    except FFmpegRefused:
        return None
    latest = moment.shown[0] + AT_THE_BEGINNING if is_exact else timedelta()
    return frame if frame.at <= moment.segment_start + max(moment.at, latest) else None


def _decode(fed: bytes, moment: Moment, width: int | None, *, is_exact: bool) -> Frame:
    argv = frame_command(our_ffmpeg(), at=moment.at, shown=moment.shown, width=width, is_exact=is_exact)
    output = run_bounded(argv, fed, Bounds())
    shown_at = read_shown_at(output.stderr, moment.at)
    return Frame(output.stdout, moment.segment_start + (moment.at if shown_at is None else shown_at))
