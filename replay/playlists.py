"""Playlists of what may be replayed: groups of fragments within sessions, each file with a token of its own."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cameras.models import Camera
from cities.errors import InvalidInput, VMSError
from cities.models import User
from footage.errors import BrokenIndex
from footage.packing import unpack_fragments
from footage.playlist import ORIGINAL, PLACE, Form, Group, Run, group_fragments, split_runs, write_playlist, write_run
from footage.reader import Fragment
from recording.gaps.spans import Span
from replay.queries import MOST_SEGMENTS, Playable, find_next_footage, list_playable
from replay.tokens import LASTS, FootageGrant, make_token

logger = logging.getLogger(__name__)

LONGEST_PLAYLIST = timedelta(hours=25)
"""The longest day of a city: the playlist of one is 20,000 lines."""

PREFIX = "/footage/"

_REMEMBERED = 1024
"""Segments of which this process keeps the lines, 20 kB each."""


class NoFootage(VMSError):
    """Nothing of the time asked for can be replayed; `following`: where footage goes on, None where it does not."""

    def __init__(self, following: datetime | None) -> None:
        super().__init__("There is no footage of this camera in this time.")
        self.following = following


@dataclass(frozen=True)
class Written:
    """The lines of a segment, each run's apart, and the bytes that they point at."""

    runs: tuple[str, ...]
    longest: timedelta
    first: int
    last: int
    init_bytes: int


@dataclass(frozen=True)
class Wish:
    """What somebody wants to play; what `grows` is to be asked for again.

    `form` says what the addresses give of each group: the bytes as they lie on disk, or something made of them.
    """

    camera: Camera
    window: Span
    user: User
    grows: bool = False
    form: Form = ORIGINAL


def make_playlist(wish: Wish, now: datetime) -> str:
    """Give the playlist of what may be replayed.

    Raises InvalidInput for a window that is too long, NoFootage where there is nothing.
    """
    window = wish.window
    if window.length > LONGEST_PLAYLIST:
        raise InvalidInput("A playlist holds 25 hours at most; ask for less at a time.", field="from")
    playables = list_playable(wish.camera, window.start, window.end)
    if len(playables) > MOST_SEGMENTS:
        raise InvalidInput("The footage is in too many pieces for one playlist; ask for less time.", field="from")
    written = [(each, lines) for each in playables if (lines := write_segment(each, window, wish.form)).runs]
    if not written:
        raise NoFootage(find_next_footage(wish.camera, window.start))
    runs = [
        run.replace(PLACE, make_address(each, lines, wish.user.pk, now))
        for each, lines in written
        for run in lines.runs
    ]
    return write_playlist(runs, max(lines.longest for _, lines in written), grows=wish.grows)


def make_address(playable: Playable, lines: Written, user_id: int, now: datetime) -> str:
    """Give the address below which a segment's bytes are found, for this person and for LASTS."""
    grant = FootageGrant(
        city_id=playable.city_id,
        segment_id=playable.segment_id,
        user_id=user_id,
        expires_at=now + LASTS,
        first=lines.first,
        last=lines.last,
        init_bytes=lines.init_bytes,
    )
    return f"{PREFIX}{make_token(grant)}/"


def write_segment(playable: Playable, window: Span, form: Form = ORIGINAL) -> Written:
    """Give the lines of what a segment holds of the window; those of whole segments are remembered."""
    if playable.grows or window.start > playable.start or window.end < playable.end:
        return _write(playable, window, form)
    return _recall(playable, form)


@lru_cache(maxsize=_REMEMBERED)
def _recall(playable: Playable, form: Form) -> Written:
    return _write(playable, None, form)


def _write(playable: Playable, window: Span | None, form: Form) -> Written:
    fragments = _unpack(playable)
    allowed = list(_within_session(fragments, playable))
    if not allowed:
        return Written((), timedelta(), 0, 0, 0)
    groups = group_fragments(allowed, grows=playable.grows)
    shown = [group for group in groups if window is None or _touches(group, playable.segment_start, window)]
    runs: Sequence[Run] = list(split_runs(playable.segment_start, shown))
    return Written(
        tuple(write_run(run, form) for run in runs),
        max((group.duration for group in shown), default=timedelta()),
        allowed[0].offset,
        allowed[-1].offset + allowed[-1].size,
        fragments[0].offset,
    )


def _unpack(playable: Playable) -> Sequence[Fragment]:
    try:
        return unpack_fragments(playable.fragments)
    except BrokenIndex as error:
        logger.warning("segment %s cannot be replayed: %s", playable.segment_id, error)
        return ()


def _within_session(fragments: Sequence[Fragment], playable: Playable) -> Iterator[Fragment]:
    """Give the fragments that lie within the session as a whole: what is half outside of it is not shown."""
    begin, end = playable.start - playable.segment_start, playable.end - playable.segment_start
    for fragment in fragments:
        if fragment.start >= begin and fragment.start + fragment.duration <= end:
            yield fragment


def _touches(group: Group, segment_start: datetime, window: Span) -> bool:
    return segment_start + group.end > window.start and segment_start + group.start < window.end
