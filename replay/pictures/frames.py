"""The picture of a moment, made where it is asked for: it takes less time than to order it from a worker."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

from ffmpeg.binary import find_ffmpeg
from ffmpeg.bounded import Bounds, run_bounded
from ffmpeg.errors import FFmpegRefused
from ffmpeg.pictures import frame_command, read_shown_at
from replay.pictures.choosing import choose_fragments
from replay.pictures.queries import Moment
from replay.pictures.reading import UnreadableFootage, read_footage


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
    chosen = choose_fragments(moment.fragments, moment.at)
    if not chosen:
        raise UnreadableFootage("a fragment of that size")
    fed = read_footage(moment.path, moment.fragments[0], chosen)
    found = None if is_exact else _find_keyframe(fed, moment, width)
    return found or _find_picture(fed, moment, width)


def _find_keyframe(fed: bytes, moment: Moment, width: int | None) -> Frame | None:
    try:
        frame = _decode(fed, moment, width, is_exact=False)
    except FFmpegRefused:
        return None
    return frame if frame.at <= moment.segment_start + moment.at else None


def _find_picture(fed: bytes, moment: Moment, width: int | None) -> Frame:
    try:
        return _decode(fed, moment, width, is_exact=True)
    except FFmpegRefused as error:
        raise UnreadableFootage(str(error)) from error


def _decode(fed: bytes, moment: Moment, width: int | None, *, is_exact: bool) -> Frame:
    argv = frame_command(our_ffmpeg(), at=moment.at, shown=moment.shown, width=width, is_exact=is_exact)
    output = run_bounded(argv, fed, Bounds())
    shown_at = read_shown_at(output.stderr, moment.at)
    return Frame(output.stdout, moment.segment_start + (moment.at if shown_at is None else shown_at))
