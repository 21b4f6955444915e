"""Pictures that are online and bring no bytes: successive snapshots compared, the outcome left as a hint in the cache.

MediaMTX v1.20.1 lets go of an RTSP publisher that sends nothing at all for 10 s (`readTimeout`), so such a camera is
offline rather than frozen. Frozen are those whose connection stays alive without media: keep-alives alone, other
protocols, a longer `readTimeout`.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.cache import cache
from redis.exceptions import RedisError

from mediamtx.client import PathState

logger = logging.getLogger(__name__)

FROZEN_AFTER = timedelta(seconds=20)

GLANCE_AFTER = timedelta(seconds=5)
"""Looks that hooks order follow each other so closely that half of the pictures would seem to stand still."""

HINT_SECONDS = 45
"""How long a hint counts: after that nobody knows, and alarms of frozen pictures stay as they are."""


@dataclass(frozen=True)
class Still:
    """A path whose bytes do not grow, since that moment; other bytes or another beginning mean that it moved."""

    inbound_bytes: int
    online_since: datetime | None
    since: datetime


@dataclass(frozen=True)
class Glance:
    """What this process saw last of a media server."""

    at: datetime
    paths: Mapping[str, PathState] = field(default_factory=dict)


_glances: dict[int, Glance] = {}
"""By media server. Each worker process has its own; what they find is shared in the cache."""


def note_still_pictures(server_id: int, paths: Mapping[str, PathState], *, now: datetime) -> None:
    """Compare a snapshot's paths, by camera id, with the last one that this process saw, and leave the hint."""
    before = _glances.get(server_id)
    if before and timedelta(0) <= now - before.at < GLANCE_AFTER:
        return
    _glances[server_id] = Glance(now, paths)
    try:
        hint = cache.get(_key(server_id))
        cache.set(_key(server_id), find_still(before, paths, hint or {}, now), timeout=HINT_SECONDS)
    except RedisError as error:
        logger.debug("still pictures of media server %s could not be noted: %s", server_id, error)


def find_still(
    before: Glance | None, paths: Mapping[str, PathState], hint: Mapping[str, Still], now: datetime
) -> dict[str, Still]:
    """Give the cameras whose bytes did not grow, with the moment since when; 10,000 paths take about 1 ms.

    `hint` is what all processes know: one that looks for the first time, or again after a while, goes on from it.
    """
    seen = before.paths if before else {}
    still = {}
    for camera_id, path in paths.items():
        last = seen.get(camera_id)
        is_same = last is not None and last.inbound_bytes == path.inbound_bytes
        if (is_same or camera_id in hint) and path.is_online:
            since = _still_since(path, last, before, hint.get(camera_id))
            if since is not None:
                still[camera_id] = Still(path.inbound_bytes, path.online_since, min(since, now))
    return still


def read_frozen(server_ids: Iterable[int], *, now: datetime) -> dict[int, list[str]]:
    """Give the cameras whose picture is frozen, by media server; a server of which nothing is known is left out."""
    keys = {_key(server_id): server_id for server_id in server_ids}
    try:
        hints = cache.get_many(keys)
    except RedisError as error:
        logger.debug("frozen pictures are not known: %s", error)
        return {}
    return {
        keys[key]: [camera_id for camera_id, still in hint.items() if now - still.since >= FROZEN_AFTER]
        for key, hint in hints.items()
    }


def _still_since(path: PathState, last: PathState | None, before: Glance | None, hint: Still | None) -> datetime | None:
    """Give the earliest moment at which the path stood where it stands now."""
    moments = []
    if before and last and (last.inbound_bytes, last.online_since) == (path.inbound_bytes, path.online_since):
        moments.append(before.at)
    if hint and (hint.inbound_bytes, hint.online_since) == (path.inbound_bytes, path.online_since):
        moments.append(hint.since)
    return min(moments, default=None)


def _key(server_id: int) -> str:
    return f"observers:still:{server_id}"
