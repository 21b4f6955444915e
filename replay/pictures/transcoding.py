"""Groups of fragments made anew in H.264, for browsers that cannot play the footage's own coding; kept on the shelf.

Each group begins with a keyframe and has the times of the footage, so groups made apart play as one.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ffmpeg.binary import list_encoders
from ffmpeg.bounded import Bounds, run_bounded
from ffmpeg.commands import choose_h264_encoder
from ffmpeg.pictures import transcode_command
from footage.initialisation import hide_sound
from footage.reader import Fragment
from replay.pictures import shelf
from replay.pictures.choosing import choose_before
from replay.pictures.frames import our_ffmpeg
from replay.pictures.machine import machine_turn
from replay.pictures.reading import OpenFootage, UnreadableFootage, parse_file_head

MOST_BYTES = 64 << 20
WIDEST = 1280
_BOUNDS = Bounds(seconds=25, output_bytes=32 << 20, niceness=5)


def find_group(target: Path) -> bool:
    """Say whether a group is there already, and note that it was asked for."""
    return shelf.touch(target)


def choose_group(fragments: Sequence[Fragment], offset: int, size: int) -> tuple[list[Fragment], list[Fragment]]:
    """Give the fragments that these bytes are, and what must be decoded before the first of them.

    Both are empty where the bytes do not begin and end with fragments, or are too many.
    """
    group = [each for each in fragments if offset <= each.offset < offset + size]
    if not group or group[0].offset != offset or group[-1].offset + group[-1].size != offset + size:
        return [], []
    before = choose_before(fragments, group[0])
    return (group, before) if sum(each.size for each in (*before, *group)) <= MOST_BYTES else ([], [])


def make_group(target: Path, source: Path, fragments: Sequence[Fragment], offset: int, size: int) -> None:
    """Put a group on the shelf. Raises UnreadableFootage, Busy, FFmpegError, OSError."""
    group, before = choose_group(fragments, offset, size)
    if not group:
        raise UnreadableFootage("no such group")
    with machine_turn(shelf.root()):
        if find_group(target):
            return
        with OpenFootage(source) as file:
            head = hide_sound(file.read_head(fragments[0]))
            fed = head + b"".join(map(file.read_fragment, (*before, *group)))
        with_sound = not before and any(track.codec == "mp4a" for track in parse_file_head(head).tracks)
        argv = transcode_command(
            our_ffmpeg(), encoder=_encoder(), since=group[0].start, width=WIDEST, with_sound=with_sound
        )
        shelf.put(target, run_bounded(argv, fed, _BOUNDS).stdout)


@cache
def _encoder() -> str:
    return choose_h264_encoder(list_encoders(our_ffmpeg()))
