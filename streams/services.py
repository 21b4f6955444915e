"""Verbs that change the wish that a camera's picture be in MediaMTX."""

from datetime import datetime

from django.db import transaction

from cameras.models import Camera
from cities.models import User
from streams.models import Stream, StreamState


@transaction.atomic
def wish_stream(camera: Camera, *, now: datetime) -> tuple[Stream, bool]:
    """Wish the camera's stream; give it and whether it was not wished before. The ingest process does the rest."""
    stream, made = Stream.objects.select_for_update().get_or_create(
        camera=camera, defaults={"city_id": camera.city_id, "wished": True, "wished_at": now}
    )
    if made or stream.wished:
        return stream, made
    stream.wished, stream.wished_at = True, now
    stream.state, stream.state_changed_at = StreamState.STOPPED, now
    stream.problem_kind, stream.problem, stream.failures = "", "", 0
    stream.save()
    return stream, True


def drop_stream(camera: Camera, *, now: datetime) -> None:
    """Drop the wish; idempotent. Whoever carries the picture lets go of it within two seconds."""
    Stream.objects.filter(camera=camera, wished=True).update(
        wished=False, state=StreamState.STOPPED, state_changed_at=now, problem_kind="", problem="", failures=0
    )


def drop_stream_of_removed(camera: Camera, by: User | None, now: datetime) -> None:  # noqa: ARG001 -- the signature of a removal step
    """End the stream of a camera that is being removed."""
    drop_stream(camera, now=now)
