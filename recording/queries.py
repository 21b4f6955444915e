"""Shared reads of recording sessions."""

from collections.abc import Iterable
from uuid import UUID

from recording.models import RecordingSession


def find_open_session(camera_id: UUID) -> RecordingSession | None:
    """Give the camera's open session, None if its recording is off."""
    return RecordingSession.objects.filter(camera_id=camera_id, ended_at=None).first()


def list_open_sessions() -> Iterable[RecordingSession]:
    """Give every open session of the cities in scope, in no order, one at a time."""
    return RecordingSession.objects.filter(ended_at=None).iterator(chunk_size=2000)
