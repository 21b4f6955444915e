"""How often sums that take long are made: what counts for quotas is summed in a thousandth of a ring's time at most.

Each ring sums whole cities, each minute: 14 million segments take Postgres 2.5 s, and twenty rings a core of it.
"""

import hashlib
import logging
from collections.abc import Iterable
from uuid import UUID

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

NOTICEABLE_SECONDS = 0.25
"""Sums that take less, of a million segments or so, are made at every turn."""

REST_FACTOR = 1_000
LONGEST_REST_SECONDS = 1_800


def name_work(server_id: int, quotas: Iterable[tuple[UUID, int]]) -> str:
    """Name the sums for these owners' quotas; where one of them is changed it is another work, which is due at once."""
    spelled = " ".join(sorted(f"{owner}:{limit}" for owner, limit in quotas))
    return f"recording:quota-rests:{server_id}:{hashlib.sha256(spelled.encode()).hexdigest()}"


def is_due(work: str) -> bool:
    """Say whether the work is to be done at this turn."""
    try:
        return cache.get(work) is None
    except RedisError:
        return True


def rest(work: str, seconds: float) -> None:
    """Let the work rest for as long as it deserves that has just taken so many seconds."""
    if seconds < NOTICEABLE_SECONDS:
        return
    try:
        cache.set(work, seconds, timeout=min(seconds * REST_FACTOR, LONGEST_REST_SECONDS))
    except RedisError as error:
        logger.debug("quotas are summed again at the next turn: %s", error)
