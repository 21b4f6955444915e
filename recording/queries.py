"""Shared reads of recording sessions."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from recording.models import RecordingSession


def find_open_session(camera_id: UUID) -> RecordingSession | None:
    """Give the camera's open session, None if its recording is off."""
    return RecordingSession.objects.filter(camera_id=camera_id, ended_at=None).first()


def begin_of_session(camera_id: UUID, now: datetime) -> datetime:
    """Give where a session that is opened now begins: where one that reaches beyond now ends, else now.

    A clock that was set back, or another machine's, may have ended one later than now. Two sessions of one moment would
    play its footage twice; and to cut the earlier one would leave outside of both what it was wished for.
    """
    beyond = RecordingSession.objects.filter(camera_id=camera_id, started_at__lte=now, ended_at__gt=now)
    found: datetime | None = beyond.aggregate(last=Max("ended_at"))["last"]
    return found or now


def list_open_sessions() -> Iterable[RecordingSession]:
    """Give every open session of the cities in scope, in no order, one at a time."""
    return RecordingSession.objects.filter(ended_at=None).iterator(chunk_size=2000)
