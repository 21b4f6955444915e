"""Shared reads of cameras, always within the city in scope."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from cameras.models import Camera, MediaServer
from cities.errors import NotThere
from cities.postgres.prepared import ask, spell_columns, take_row
from cities.scope import is_in_sight, scope_values

_CAMERA = f"""
    SELECT {spell_columns(Camera, "camera")}, {spell_columns(MediaServer, "server")}
    FROM cameras_camera AS camera JOIN cameras_mediaserver AS server ON server.id = camera.media_server_id
    WHERE camera.id = %(camera)s AND camera.removed_at IS NULL AND (%(every)s OR camera.city_id = ANY(%(cities)s))
"""  # noqa: S608 -- the columns of our own models


def cameras_in_scope() -> QuerySet[Camera]:
    """Give the cameras that exist for the cities in scope, by name, their media servers loaded."""
    return Camera.objects.filter(removed_at=None).select_related("media_server").order_by("name", "id")


def find_camera(camera_id: UUID) -> Camera:
    """Give one camera; NotThere if it does not exist, was removed, or belongs to a city out of scope."""
    rows = ask(_CAMERA, scope_values() | {"camera": camera_id})
    camera = _load_camera(iter(rows[0])) if rows else None
    if camera is None or not is_in_sight(camera.city_id, camera.pk):
        raise NotThere(f"no camera {camera_id}")
    return camera


def _load_camera(row: Iterator[Any]) -> Camera:
    camera = take_row(Camera, row)
    camera.media_server = take_row(MediaServer, row)
    return camera


def list_media_servers() -> list[MediaServer]:
    """Give every media server, in the order they were made."""
    return list(MediaServer.objects.order_by("pk"))
