"""Numbers in a playlist that grows: they go on where the ring takes away what stood at its beginning.

Players tell the pieces of one answer from those of the next by their numbers alone. How many there were of what is gone
no row says any more, so what was told is remembered in Redis; without it numbers begin anew.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError

from footage.playlist import FIRST, Place

logger = logging.getLogger(__name__)

REMEMBERED = timedelta(hours=1)
"""A player asks again within seconds; so long it may be away."""

_END = ""


class Stretch(NamedTuple):
    """What a playlist tells of a segment within a session, which `name` stands for: so many groups in so many runs."""

    name: str
    groups: int
    runs: int


Told = dict[str, Place]
"""What a playlist told: where each stretch began, in order, and under the name "" where the next one will."""


def go_on(key: str, stretches: Sequence[Stretch]) -> tuple[int, Place]:
    """Say how many of the stretches are to be left out now, and the place of the first that is told."""
    skipped, place = choose_beginning(_recall(key), stretches)
    _remember(key, lay_out(stretches[skipped:], place))
    return skipped, place


def choose_beginning(told: Told, stretches: Sequence[Stretch]) -> tuple[int, Place]:
    """Begin with the first stretch after which nothing is missing of what was told.

    Where one is gone from the middle, those before it go too; what turned up before it stays away: a playlist changes
    at its two ends only.
    """
    there = {stretch.name: number for number, stretch in enumerate(stretches)}
    begin: str | None = None
    for name in reversed(told):
        if name in there:
            begin = name
        elif begin is not None:
            break
    return (there[begin], told[begin]) if begin is not None else (0, told.get(_END, FIRST))


def lay_out(stretches: Sequence[Stretch], place: Place) -> Told:
    """Give the place of each, of which the first is known."""
    told = Told()
    for name, groups, runs in stretches:
        told[name] = place
        place = Place(place.group + groups, place.run + runs)
    return told | {_END: place}


def _recall(key: str) -> Told:
    try:
        return {name: Place(*place) for name, place in cache.get(key, ())}
    except RedisError as error:
        logger.warning("the numbers of a playlist begin anew, Redis gives no answer: %s", error)
        return {}


def _remember(key: str, told: Told) -> None:
    try:
        cache.set(key, [(name, tuple(place)) for name, place in told.items()], int(REMEMBERED.total_seconds()))
    except RedisError as error:
        logger.warning("the numbers of a playlist are not remembered, Redis gives no answer: %s", error)
