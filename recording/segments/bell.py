"""The bell of a camera's footage: a burst of segment hooks orders one look, which begins after the last of them."""

import logging
from uuid import UUID

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

BELL_SECONDS = 60
"""Longer than an ordered look may wait; a bell that nobody silenced falls silent by itself."""


def ring_bell(camera_id: UUID) -> bool:
    """Ask for a look soon; True if the caller must order it, False if one is ordered that has not begun.

    Raises RedisError.
    """
    return bool(cache.add(_bell_of(camera_id), 1, timeout=BELL_SECONDS))


def silence_bell(camera_id: UUID) -> None:
    """Say that a look begins now. Without Redis there is no bell to silence."""
    try:
        cache.delete(_bell_of(camera_id))
    except RedisError as error:
        logger.debug("the bell of camera %s could not be silenced: %s", camera_id, error)


def _bell_of(camera_id: UUID) -> str:
    return f"recording:bell:{camera_id}"
