"""What playing footage needs and leaves behind: the right to its bytes, and a word about who watched."""

import logging
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.cache import cache
from redis.exceptions import RedisError

from cameras.queries import find_camera
from cities.access import Access
from cities.audit.services import Deed, Subject, note_deed
from cities.models import AuditAction
from recording.gaps.spans import Span
from replay.asking import spell_moment
from replay.queries import MediaFile, find_media
from replay.tokens import FootageGrant
from streams.access.queries import may_watch

logger = logging.getLogger(__name__)

NEVER = datetime.min.replace(tzinfo=UTC)
ONE_VIEW = timedelta(minutes=10)
"""A player asks for its playlist again and again, and for others as somebody searches: of that one entry is enough."""


MOST_REMEMBERED = 10_000
_HOUR = timedelta(hours=1)

_noted: OrderedDict[str, datetime] = OrderedDict()
"""What this process has seen noted, so that it asks nobody again; the first are forgotten first."""


def note_footage_view(access: Access, camera_id: UUID, window: Span, *, now: datetime) -> None:
    """Write down that somebody plays footage: once for each person, camera and hour of footage within ONE_VIEW."""
    keys = [f"replay:view:{access.user.pk}:{camera_id}:{hour:%Y%m%d%H}" for hour in list_hours(window)]
    unseen = [key for key in keys if now - _noted.get(key, NEVER) >= ONE_VIEW]
    if not unseen:
        return
    if not _are_known(unseen):
        subject = Subject("camera", str(camera_id), find_camera(camera_id).name)
        facts = {"from": spell_moment(window.start), "to": spell_moment(window.end)}
        note_deed(access.city.pk, Deed(AuditAction.FOOTAGE_VIEWED, access.user, now, subject, facts=facts))
        _tell(unseen)
    _remember(unseen, now)


def list_hours(window: Span) -> Iterator[datetime]:
    """Give each hour that the window touches, by its beginning in UTC: whoever saw one second has not seen the day."""
    hour = window.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < window.end:
        yield hour
        hour += _HOUR


def forget_views() -> None:
    """Let this process ask anew what was noted."""
    _noted.clear()


def _remember(keys: Sequence[str], now: datetime) -> None:
    _noted.update(dict.fromkeys(keys, now))
    while len(_noted) > MOST_REMEMBERED:
        _noted.popitem(last=False)


def _are_known(keys: Sequence[str]) -> bool:
    """Ask Redis, where all processes say what they noted; without it rather too many entries than none."""
    try:
        return len(cache.get_many(keys)) == len(keys)
    except RedisError as error:
        logger.warning("it is not known whether this view is new, Redis gives no answer: %s", error)
        return False


def _tell(keys: Sequence[str]) -> None:
    """Say that it is noted, once it is: told before, an entry that could not be written would be missed by nobody."""
    try:
        cache.set_many(dict.fromkeys(keys, 1), timeout=int(ONE_VIEW.total_seconds()))
    except RedisError as error:
        logger.warning("others are not told that this view is noted, Redis gives no answer: %s", error)


def find_allowed(grant: FootageGrant, now: datetime) -> MediaFile | None:
    """Give the file of a token, None where it is gone or its person may not look any more; one query for a member."""
    media = find_media(grant.segment_id, grant.city_id, grant.user_id)
    if media is None or media.is_member or may_watch(grant.user_id, media.camera_id, now):
        return media
    return None
