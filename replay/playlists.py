"""Playlists of what may be replayed: groups of fragments within sessions, each file with a token of its own."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from cameras.models import Camera
from cities.errors import InvalidInput, VMSError
from cities.models import User
from footage.errors import BrokenIndex
from footage.packing import Columns, pack_fragments, unpack_columns
from footage.playlist import (
    ORIGINAL,
    PLACE,
    Form,
    choose_groups,
    cut_fragments,
    group_fragments,
    write_playlist,
    write_runs,
)
from recording.gaps.spans import Span
from replay.queries import MOST_SEGMENTS, Playable, find_next_footage, list_playable
from replay.tokens import LASTS, FootageGrant, make_token

logger = logging.getLogger(__name__)

LONGEST_PLAYLIST = timedelta(hours=25)
"""The longest day of a city: the playlist of one is 20,000 lines."""

PREFIX = "/footage/"

_MICROSECOND = timedelta(microseconds=1)


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
    """Give the lines of what a segment holds of the window, as far as it lies within the session as a whole."""
    fragments = _unpack(playable)
    begin, end, shown_from, shown_to = (
        (moment - playable.segment_start) // _MICROSECOND
        for moment in (playable.start, playable.end, window.start, window.end)
    )
    allowed = cut_fragments(fragments, begin, end)
    shown = choose_groups(group_fragments(allowed, grows=playable.grows), shown_from, shown_to)
    if not shown.offsets:
        return Written((), timedelta(), 0, 0, 0)
    return Written(
        tuple(write_runs(playable.segment_start, shown, form)),
        max(shown.durations) * _MICROSECOND,
        allowed.offsets[0],
        allowed.offsets[-1] + allowed.sizes[-1],
        fragments.offsets[0],
    )


def _unpack(playable: Playable) -> Columns:
    try:
        return unpack_columns(playable.fragments)
    except BrokenIndex as error:
        logger.warning("segment %s cannot be replayed: %s", playable.segment_id, error)
        return unpack_columns(pack_fragments(()))
