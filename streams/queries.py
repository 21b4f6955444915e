"""Shared reads of streams."""

from django.db.models import QuerySet

from cameras.models import Camera
from streams.models import Stream


def streams_in_scope() -> QuerySet[Stream]:
    """Give the wished streams of the cities in scope, cameras and media servers loaded."""
    streams = Stream.objects.filter(wished=True, camera__removed_at=None)
    return streams.select_related("camera", "camera__media_server").order_by("camera__name", "pk")


def find_stream(camera: Camera) -> Stream | None:
    """Give the camera's wished stream, None if nobody wishes it."""
    return streams_in_scope().filter(camera=camera).first()
