"""Numbers in a playlist that grows: they go on where the ring takes away what stood at its beginning.

Players tell the pieces of one answer from those of the next by their numbers alone. How many there were of what is gone
no row says any more, so what was told is remembered in Redis, for each playback; without it numbers begin anew. Who
begins to play is told all there is.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError

from footage.playlist import FIRST, Place

logger = logging.getLogger(__name__)

REMEMBERED = timedelta(minutes=5)
"""A player asks again within seconds, or a minute where its page is out of sight."""


class Stretch(NamedTuple):
    """What a playlist tells of a segment within a session: so many groups in so many runs.

    It is known by the moment at which the session's part of the segment begins, in microseconds since 1970; by the key
    of its `segment`, where that moment was corrected since (0: not known).
    """

    begins: int
    groups: int
    runs: int
    segment: int = 0


class Told(NamedTuple):
    """What a playlist told last: the place of each stretch by its beginning, in order.

    `latest` is the beginning of the last that was ever told, `following` the place of the one after it. `target` are
    the seconds that no group was told to last longer than, 0 before any was told. `segments`: the key
    of each stretch's segment, where it is known, by the stretch's beginning.
    """

    places: dict[int, Place]
    latest: int = -1
    following: Place = FIRST
    target: int = 0
    segments: Mapping[int, int] = MappingProxyType({})


NOTHING_TOLD = Told({})


def go_on(key: str, told: Told, stretches: Sequence[Stretch]) -> tuple[list[Stretch], Place]:
    """Give those of the stretches that are to be told now, and the place of the first of them.

    `told` is what `recall` gave under this key, with the target of now.
    """
    known = follow_corrections(told, stretches)
    kept, place = choose_stretches(known, stretches)
    _remember(key, note_told(known, kept, place))
    return kept, place


def follow_corrections(told: Told, stretches: Sequence[Stretch]) -> Told:
    """Give what was told by the beginnings of now: that of a recording's first file is corrected once it is known."""
    there = {each.begins for each in stretches}
    new = {each.segment: each.begins for each in reversed(stretches) if each.segment and each.begins not in told.places}
    moved = {
        begins: new[segment] for begins, segment in told.segments.items() if begins not in there and segment in new
    }
    return told._replace(
        places={moved.get(begins, begins): place for begins, place in told.places.items()},
        latest=moved.get(told.latest, told.latest),
        segments={moved.get(begins, begins): segment for begins, segment in told.segments.items()},
    )


def choose_stretches(told: Told, stretches: Sequence[Stretch]) -> tuple[list[Stretch], Place]:
    """Leave out what may not be told any more: a playlist changes at its two ends only.

    So what turns up late, before what was told already, stays away; and where something is gone from the middle, what
    was told before it goes too.
    """
    known, new = [each for each in stretches if each.begins in told.places], _begin_after(told.latest, stretches)
    there = {each.begins for each in known}
    first: int | None = None
    for begins in reversed(told.places):
        if begins in there:
            first = begins
        elif new or first is not None:
            break
    if first is None:
        return new, told.following
    return [each for each in known if each.begins >= first] + new, told.places[first]


def note_told(told: Told, stretches: Sequence[Stretch], place: Place) -> Told:
    """Give what is told then, of which the first has this place.

    What was told last and is gone keeps its place, which is nobody else's.
    """
    places, last = dict[int, Place](), -1
    for last, groups, runs, _segment in stretches:
        places[last] = place
        place = Place(place.group + groups, place.run + runs)
    gone = {begins: where for begins, where in told.places.items() if begins > last} if places else {}
    keys = {**told.segments, **{each.begins: each.segment for each in stretches if each.segment}}
    segments = {begins: keys[begins] for begins in places | gone if begins in keys}
    return Told(places | gone, max(told.latest, last), max(told.following, place), told.target, segments)


def _begin_after(moment: int, stretches: Sequence[Stretch]) -> list[Stretch]:
    return [each for each in stretches if each.begins > moment]


def recall(key: str) -> Told:
    """Give what a playlist told last; nothing where it is not known."""
    try:
        found = cache.get(key)
    except RedisError as error:
        logger.warning("the numbers of a playlist begin anew, Redis gives no answer: %s", error)
        found = None
    if not found:
        return NOTHING_TOLD
    places, latest, following, *more = found
    return Told({begins: Place(*place) for begins, place in places.items()}, latest, Place(*following), *more)


def _remember(key: str, told: Told) -> None:
    """Nothing of ours is kept but numbers: what reads them may be of another version."""
    places = {begins: tuple(place) for begins, place in told.places.items()}
    plain = places, told.latest, tuple(told.following), told.target, dict(told.segments)
    try:
        cache.set(key, plain, int(REMEMBERED.total_seconds()))
    except RedisError as error:
        logger.warning("the numbers of a playlist are not remembered, Redis gives no answer: %s", error)
