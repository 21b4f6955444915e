"""How far a wished stream has come, whoever must bring the picture."""

from django.db import models

from cameras.models import CameraState
from streams.models import Stream, StreamState


class StreamProgress(models.TextChoices):
    """Our ingest's own state, and one word more for a stream that nobody carries yet."""

    WAITING = "waiting"
    STARTING = "starting"
    LIVE = "live"
    RETRYING = "retrying"


def progress_of(stream: Stream) -> StreamProgress:
    """Say how far a wished stream has come; wants `camera` and its media server loaded."""
    if stream.camera.publishes_by_itself:
        return StreamProgress.LIVE if stream.camera.state == CameraState.ONLINE else StreamProgress.WAITING
    return StreamProgress.WAITING if stream.state == StreamState.STOPPED else StreamProgress(stream.state)
