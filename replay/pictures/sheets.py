"""A sheet of previews of a segment: which pictures stand on it, decided from its fragments, and how they are read."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from pathlib import Path

from footage.errors import BrokenBox
from footage.keyframes import find_keyframe, wrap_keyframe
from footage.reader import Fragment
from replay.pictures.reading import OpenFootage, UnreadableFootage, parse_file_head

TILE_SECONDS = 10
MOST_TILES = 180
COLUMNS = 10
TILE_WIDTH = 160

Shown = tuple[timedelta, timedelta]
"""From when to when of a segment may be shown, counted from its start."""

_GLANCE = 4096
_LARGEST_MOOF = 1 << 20


@dataclass(frozen=True)
class Sheet:
    """A tile for each `seconds`; `shown` tells which tile shows the first keyframe of which fragment."""

    seconds: int
    tiles: int
    shown: tuple[tuple[int, Fragment], ...]

    @property
    def columns(self) -> int:
        """How many stand beside each other."""
        return min(COLUMNS, self.tiles)

    @property
    def rows(self) -> int:
        """How many rows of tiles there are."""
        return ceil(self.tiles / COLUMNS)


def plan_sheet(fragments: Sequence[Fragment], allowed: Sequence[Shown]) -> Sheet | None:
    """Decide what stands on the sheet of these fragments; None where nothing of them may be shown.

    A tile shows a fragment of its time that lies within a recording session as a whole.
    """
    if not fragments:
        return None
    length = (fragments[-1].start + fragments[-1].duration).total_seconds()
    seconds = TILE_SECONDS * max(1, ceil(length / (TILE_SECONDS * MOST_TILES)))
    first: dict[int, Fragment] = {}
    visible = [each for each in fragments if _is_within(each, allowed)]
    # A fragment that begins with a keyframe surely has one.
    for fragment in (*(each for each in visible if each.is_key), *visible):
        first.setdefault(int(fragment.start.total_seconds() // seconds), fragment)
    if not first:
        return None
    return Sheet(seconds, max(1, ceil(length / seconds)), tuple(sorted(first.items())))


def read_sheet(path: Path, sheet: Sheet, first: Fragment) -> bytes:
    """Give what ffmpeg makes the sheet of: the file's head, then each tile's picture in a second of its own.

    Raises UnreadableFootage; a picture that cannot be read is left out.
    """
    with OpenFootage(path) as file:
        head = file.read_head(first)
        track = parse_file_head(head).main_track
        if track is None:
            raise UnreadableFootage("no track")
        pieces = []
        for tile, fragment in sheet.shown:
            with contextlib.suppress(UnreadableFootage, BrokenBox):
                moof = _read_moof(file, fragment)
                found = find_keyframe(moof, track)
                if found and found.offset + found.size <= fragment.size:
                    picture = file.read(fragment.offset + found.offset, found.size)
                    pieces.append(wrap_keyframe(track, picture, tile))
    if not pieces:
        raise UnreadableFootage("no keyframe can be read")
    return head + b"".join(pieces)


def _is_within(fragment: Fragment, allowed: Sequence[Shown]) -> bool:
    return any(begin <= fragment.start and fragment.start + fragment.duration <= end for begin, end in allowed)


def _read_moof(file: OpenFootage, fragment: Fragment) -> bytes:
    glance = file.read(fragment.offset, min(_GLANCE, fragment.size))
    size = int.from_bytes(glance[:4], "big")
    if not 8 <= size <= min(fragment.size, _LARGEST_MOOF):
        raise UnreadableFootage("no moof")
    return glance if size <= len(glance) else file.read(fragment.offset, size)
