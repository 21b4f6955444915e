"""Playlists of what may be replayed: groups of fragments within sessions, each file with a token of its own."""

import logging
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from cameras.queries import find_camera
from cities.active import spell_narrowing
from cities.errors import InvalidInput, VMSError
from cities.models import User
from footage.errors import BrokenIndex
from footage.header import EPOCH
from footage.packing import NOTHING, Columns, unpack_columns
from footage.playlist import (
    FIRST,
    ORIGINAL,
    Form,
    Groups,
    choose_groups,
    choose_target,
    cut_fragments,
    find_group,
    gather_pieces,
    group_fragments,
    put_head_in,
    shorten_groups,
    write_playlist,
    write_runs,
)
from recording.gaps.spans import Span
from replay.heads import FirstGroup, fetch_first
from replay.numbering import NOTHING_TOLD, Stretch, go_on, recall
from replay.queries import MOST_SEGMENTS, Playable, find_next_footage, list_playable, sum_up, sum_up_playable
from replay.remembered import Texts
from replay.tokens import LASTS, FootageGrant, make_token

logger = logging.getLogger(__name__)

LONGEST_PLAYLIST = timedelta(hours=25)
"""The longest day of a city: the playlist of one is 20,000 lines."""

PREFIX = "/footage/"

TEXTS = Texts()

_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1) // _MICROSECOND


class NoFootage(VMSError):
    """Nothing of the time asked for can be replayed; `following`: where footage goes on, None where it does not."""

    def __init__(self, following: datetime | None) -> None:
        super().__init__("There is no footage of this camera in this time.")
        self.following = following


class Shown(NamedTuple):
    """The groups of a segment that are shown, the bytes that may be had of it for them, and those of its head."""

    playable: Playable
    groups: Groups
    first: int
    last: int
    init_bytes: int


@dataclass(frozen=True)
class Wish:
    """What somebody wants to play; what `grows` is to be asked for again.

    `form` says what the addresses give of each group: the bytes as they lie on disk, or something made of them.
    `playback` is their word for one playback, which is told all of it anew where the word is another. `at` is what they
    show first.
    """

    camera_id: UUID
    window: Span
    user: User
    grows: bool = False
    form: Form = ORIGINAL
    playback: str = ""
    at: datetime | None = None


def make_playlist(wish: Wish, now: datetime) -> list[bytes]:
    """Give the playlist of what may be replayed, in pieces; the same again to who asks again within two minutes.

    Raises InvalidInput for a window that is too long, NoFootage where there is nothing, NotThere without a camera.
    """
    window = wish.window
    key = (wish.camera_id, window, wish.user.pk, wish.form, wish.at, spell_narrowing())
    if window.length > LONGEST_PLAYLIST:
        raise InvalidInput("A playlist holds 25 hours at most; ask for less at a time.", field="from")
    if wish.grows:  # its end is another each time
        return _write(wish, list(leave_out_after_open(_list_all(wish))), now)
    known = TEXTS.find(key, now)
    if known and known.source == sum_up_playable(wish.camera_id, window.start, window.end):
        return known.content
    playables = _list_all(wish)
    content = _write(wish, playables, now)
    TEXTS.keep(key, sum_up(playables), now, content)
    return content


def _list_all(wish: Wish) -> list[Playable]:
    playables = list_playable(wish.camera_id, wish.window.start, wish.window.end)
    if len(playables) > MOST_SEGMENTS:
        raise InvalidInput("The footage is in too many pieces for one playlist; ask for less time.", field="from")
    return playables


def leave_out_after_open(playables: Iterable[Playable]) -> Iterator[Playable]:
    """Give them up to the first file that is open still.

    What it is yet to say comes before whatever follows, and a playlist that grows may not change in its middle. A file
    that has a successor is sealed within seconds.
    """
    still_open = None
    for each in playables:
        if still_open not in {None, each.segment_id}:
            return
        if each.grows:
            still_open = each.segment_id
        yield each


class _Written(NamedTuple):
    """What is told of a segment; `longest` of its groups lasts so many microseconds."""

    stretch: Stretch
    runs: list[bytes]
    longest: int


def _write(wish: Wish, playables: Sequence[Playable], now: datetime) -> list[bytes]:
    """Write one segment after the other, so that what is known of one is let go before the next takes its room."""
    first, told = find_first(playables, wish.at), recall(_name_of(wish)) if wish.grows else NOTHING_TOLD
    each_written = (_write_segment(wish, playable, now, first, told.target) for playable in playables)
    written = [each for each in each_written if each]
    target, begins = told.target or _choose_target(wish, written), FIRST
    if wish.grows:
        stretches, begins = go_on(_name_of(wish), told._replace(target=target), [each.stretch for each in written])
        kept = set(stretches)
        written = [each for each in written if each.stretch in kept]
    if not written:
        raise NoFootage(find_next_footage(find_camera(wish.camera_id), wish.window.start))
    runs = (run for each in written for run in each.runs)
    return gather_pieces(write_playlist(runs, target, grows=wish.grows, begins=begins))


def _choose_target(wish: Wish, written: Sequence[_Written]) -> int:
    """Give the target of what is told for the first time; 0 where nothing is."""
    longest = max((each.longest for each in written), default=0)
    return choose_target(longest * _MICROSECOND, grows=wish.grows) if written else 0


def find_first(playables: Iterable[Playable], at: datetime | None) -> Playable | None:
    """Give the one that shows the moment, or the next one; None where no moment is named, or nothing is left."""
    return next((each for each in playables if each.end > at), None) if at else None


def _write_segment(
    wish: Wish, playable: Playable, now: datetime, first: Playable | None, target: int
) -> _Written | None:
    """Write a segment's runs, no group of which is told to last longer than the `target`, where one was told."""
    shown = choose_shown(playable, wish.window)
    if not shown.groups.offsets:
        return None
    if target:
        shown = shown._replace(groups=shorten_groups(shown.groups, target * _SECOND))
    runs = list(write_runs(playable.segment_start, shown.groups, make_address(shown, wish.user.pk, now), wish.form))
    if wish.at and playable is first:
        _bring_first(shown, runs, (wish.at - playable.segment_start) // _MICROSECOND, wish.form)
    begins = (playable.start - EPOCH) // _MICROSECOND
    stretch = Stretch(begins, len(shown.groups.offsets), len(runs), playable.segment_id)
    return _Written(stretch, runs, max(shown.groups.durations))


def _bring_first(shown: Shown, runs: list[bytes], at: int, form: Form) -> None:
    """Have the disk fetch what is shown first, and put the head of its file into its run, where the form has heads."""
    groups, playable = shown.groups, shown.playable
    number = find_group(groups, at)
    if number == len(groups.offsets):
        return
    place = FirstGroup(groups.offsets[number], groups.sizes[number], shown.init_bytes)
    head = fetch_first(playable.root, playable.file, playable.held_file, place)
    if head and form.init:
        run = bisect_right(groups.breaks, number)
        runs[run] = put_head_in(runs[run], head)


def _name_of(wish: Wish) -> str:
    who = f"{wish.user.pk}:{wish.playback}"
    # The number changes with the form of what is remembered: versions before take no notice of it.
    return f"replay:told:2:{wish.camera_id}:{wish.window.start.timestamp():.6f}:{who}"


def make_address(shown: Shown, user_id: int, now: datetime) -> str:
    """Give the address below which a segment's bytes are found, for this person and for LASTS."""
    grant = FootageGrant(
        city_id=shown.playable.city_id,
        segment_id=shown.playable.segment_id,
        user_id=user_id,
        expires_at=now + LASTS,
        first=shown.first,
        last=shown.last,
        init_bytes=shown.init_bytes,
    )
    return f"{PREFIX}{make_token(grant)}/"


def choose_shown(playable: Playable, window: Span) -> Shown:
    """Give what a segment shows of the window, as far as it lies within the session as a whole."""
    fragments = _unpack(playable)
    begin, end, shown_from, shown_to = (
        (moment - playable.segment_start) // _MICROSECOND
        for moment in (playable.start, playable.end, window.start, window.end)
    )
    allowed = cut_fragments(fragments, begin, end)
    groups = choose_groups(group_fragments(allowed, grows=playable.grows), shown_from, shown_to)
    if not groups.offsets:
        return Shown(playable, groups, 0, 0, 0)
    return Shown(playable, groups, allowed.offsets[0], allowed.offsets[-1] + allowed.sizes[-1], fragments.offsets[0])


def _unpack(playable: Playable) -> Columns:
    try:
        return unpack_columns(playable.fragments)
    except BrokenIndex as error:
        logger.warning("segment %s cannot be replayed: %s", playable.segment_id, error)
        return NOTHING
