"""What playing footage needs and leaves behind: the right to its bytes, and a word about who watched."""

from datetime import datetime, timedelta
from math import ceil
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

_HOUR = 3600.0


def note_footage_view(access: Access, camera_id: UUID, window: Span, *, now: datetime) -> None:
    """Write down that somebody plays footage: once for each person, camera and hour of footage in ten minutes."""
    whose = f"replay:view:{access.user.pk}:{camera_id}"
    keys = [f"{whose}:{hour}" for hour in number_hours(window)]
    new = VIEWS.choose_new(keys, now)
    if new:
        subject = Subject("camera", str(camera_id), find_camera(camera_id).name)
        facts = {"from": spell_moment(window.start), "to": spell_moment(window.end)}
        note_deed(access.city.pk, Deed(AuditAction.FOOTAGE_VIEWED, access.user, now, subject, facts=facts))
        VIEWS.tell(new, now)


def number_hours(window: Span) -> range:
    """Give each hour that the window touches, counted since 1970: whoever saw one second has not seen the day."""
    return range(int(window.start.timestamp() // _HOUR), ceil(window.end.timestamp() / _HOUR))


def find_allowed(grant: FootageGrant, now: datetime) -> MediaFile | None:
    """Give the file of a token, None where it is gone or its person may not look any more; one query for a member."""
    media = find_media(grant.segment_id, grant.city_id, grant.user_id)
    if media is None or media.is_member or may_watch(grant.user_id, media.camera_id, now):
        return media
    return None
