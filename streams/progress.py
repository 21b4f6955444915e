"""How far a wished stream has come, and why not further, whoever must bring the picture."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_noop

from cameras.models import CameraState
from streams.models import Stream, StreamState

PATIENCE = timedelta(seconds=15)
"""How long nobody may carry a wished stream before that is worth a word: a takeover, and clocks that differ."""

NOBODY_CARRIES_IT = gettext_noop("No ingest process carries this picture. See that one runs: manage.py ingest.")


class StreamProgress(models.TextChoices):
    """Our ingest's own state, and one word more for a stream that nobody carries yet."""

    WAITING = "waiting"
    STARTING = "starting"
    LIVE = "live"
    RETRYING = "retrying"


def progress_of(stream: Stream, now: datetime) -> StreamProgress:
    """Say how far a wished stream has come; wants `camera` and its media server loaded."""
    if stream.camera.publishes_by_itself:
        return StreamProgress.LIVE if stream.camera.state == CameraState.ONLINE else StreamProgress.WAITING
    if stream.state == StreamState.STOPPED or not is_carried(stream, now):
        return StreamProgress.WAITING
    return StreamProgress(stream.state)


def problem_of(stream: Stream, now: datetime) -> str:
    """Say why a wished stream is not live, in English; empty if nothing is known."""
    if stream.camera.publishes_by_itself:
        return ""
    return stream.problem if is_carried(stream, now) else NOBODY_CARRIES_IT


def is_carried(stream: Stream, now: datetime) -> bool:
    """Say whether an ingest process holds the stream, or may still take it up: what a dead one last said is no news."""
    return max(stream.lease_until or stream.wished_at, stream.wished_at) + PATIENCE > now
