"""Shared reads of cameras, always within the city in scope."""

from uuid import UUID

from django.db.models import QuerySet

from cameras.models import Camera, MediaServer
from cities.errors import NotThere


def cameras_in_scope() -> QuerySet[Camera]:
    """Give the cameras that exist for the cities in scope, by name, their media servers loaded."""
    return Camera.objects.filter(removed_at=None).select_related("media_server").order_by("name", "id")


def find_camera(camera_id: UUID) -> Camera:
    """Give one camera; NotThere if it does not exist, was removed, or belongs to a city out of scope."""
    camera = cameras_in_scope().filter(pk=camera_id).first()
    if camera is None:
        raise NotThere(f"no camera {camera_id}")
    return camera


def list_media_servers() -> list[MediaServer]:
    """Give every media server, in the order they were made."""
    return list(MediaServer.objects.order_by("pk"))
