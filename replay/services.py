"""What playing footage needs and leaves behind: the right to its bytes, and a word about who watched."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cameras.queries import find_camera
from cities.access import Access
from cities.audit.once import OnceWithin
from cities.audit.services import Deed, Subject, note_deed
from cities.models import AuditAction
from recording.gaps.spans import Span
from replay.asking import spell_moment
from replay.queries import MediaFile, find_media
from replay.tokens import FootageGrant
from streams.access.queries import may_watch

VIEWS = OnceWithin(timedelta(minutes=10))
"""A player asks for its playlist again and again, and for others as somebody searches: of that one entry is enough."""

_HOUR = timedelta(hours=1)


def note_footage_view(access: Access, camera_id: UUID, window: Span, *, now: datetime) -> None:
    """Write down that somebody plays footage: once for each person, camera and hour of footage in ten minutes."""
    keys = [f"replay:view:{access.user.pk}:{camera_id}:{hour:%Y%m%d%H}" for hour in list_hours(window)]
    new = VIEWS.choose_new(keys, now)
    if new:
        subject = Subject("camera", str(camera_id), find_camera(camera_id).name)
        facts = {"from": spell_moment(window.start), "to": spell_moment(window.end)}
        note_deed(access.city.pk, Deed(AuditAction.FOOTAGE_VIEWED, access.user, now, subject, facts=facts))
        VIEWS.tell(new, now)


def list_hours(window: Span) -> Iterator[datetime]:
    """Give each hour that the window touches, by its beginning in UTC: whoever saw one second has not seen the day."""
    hour = window.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < window.end:
        yield hour
        hour += _HOUR


def find_allowed(grant: FootageGrant, now: datetime) -> MediaFile | None:
    """Give the file of a token, None where it is gone or its person may not look any more; one query for a member."""
    media = find_media(grant.segment_id, grant.city_id, grant.user_id)
    if media is None or media.is_member or may_watch(grant.user_id, media.camera_id, now):
        return media
    return None
