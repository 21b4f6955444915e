"""Why a camera's picture is not coming in, said in the reader's language."""

from datetime import datetime

from django.utils.translation import gettext as _

from cameras.models import Camera
from streams.models import Stream
from streams.progress import problem_of


def stream_of(camera: Camera) -> Stream | None:
    """Give the camera's stream row, None if it never had one; wants `stream` loaded, else it costs a query."""
    found: Stream | None = getattr(camera, "stream", None)
    return found


def describe_problem(camera: Camera, now: datetime) -> str:
    """Give the reason why no picture comes in, as far as our side knows one; empty if there is nothing to say."""
    if camera.publishes_by_itself:
        return ""
    stream = stream_of(camera)
    if stream is None or not stream.wished:
        return _("Its stream is switched off.")
    stream.camera = camera
    problem = problem_of(stream, now)
    return _(problem) if problem else ""
