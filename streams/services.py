"""Verbs that change the wish that a camera's picture be in MediaMTX."""

from datetime import datetime

from django.db import transaction

from cameras.models import Camera
from cameras.services import subject_of
from cities.audit.services import Deed, note_deed
from cities.models import AuditAction, User
from streams.models import Stream, StreamState


@transaction.atomic(savepoint=False)
def wish_stream(camera: Camera, *, by: User | None = None, now: datetime) -> tuple[Stream, bool]:
    """Wish the camera's stream; give it and whether it was not wished before. The ingest process does the rest."""
    stream, made = Stream.objects.select_for_update().get_or_create(
        camera=camera, defaults={"city_id": camera.city_id, "wished": True, "wished_at": now}
    )
    if stream.wished and not made:
        return stream, False
    note_deed(camera.city_id, Deed(AuditAction.STREAM_WISHED, by, now, subject_of(camera)))
    if made:
        return stream, True
    stream.wished, stream.wished_at = True, now
    stream.state, stream.state_changed_at = StreamState.STOPPED, now
    stream.problem_kind, stream.problem, stream.failures = "", "", 0
    stream.save()
    return stream, True


@transaction.atomic
def drop_stream(camera: Camera, *, by: User | None = None, now: datetime) -> None:
    """Drop the wish; idempotent. Whoever carries the picture lets go of it within two seconds."""
    wished = Stream.objects.filter(camera=camera, wished=True)
    if wished.update(
        wished=False, state=StreamState.STOPPED, state_changed_at=now, problem_kind="", problem="", failures=0
    ):
        note_deed(camera.city_id, Deed(AuditAction.STREAM_DROPPED, by, now, subject_of(camera)))


def drop_stream_of_removed(camera: Camera, by: User | None, now: datetime) -> None:
    """End the stream of a camera that is being removed."""
    drop_stream(camera, by=by, now=now)
