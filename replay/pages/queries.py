"""What the pages of played footage read: the cameras to choose from, and how far back a camera's footage goes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Min

from cameras.models import Camera
from cameras.queries import cameras_in_scope
from cameras.search import CameraSearch, search_cameras
from recording.models import Segment

MOST_TOGETHER = 9
"""Cameras on one clock: more pictures than these no browser decodes beside each other."""

MOST_OFFERED = 40


def find_player_camera(camera_id: UUID) -> Camera | None:
    """Give a camera in scope with its stream and media server loaded; None where there is none."""
    return cameras_in_scope().select_related("media_server", "stream").filter(pk=camera_id).first()


def list_chosen(texts: Iterable[str]) -> list[Camera]:
    """Give the cameras in scope that these ids name, in their order, nine at most; what is none is left out."""
    wanted = dict.fromkeys(found for text in texts if (found := _read_id(text)) is not None)
    cameras = cameras_in_scope().in_bulk(list(wanted)[: 2 * MOST_TOGETHER])
    return [cameras[each] for each in wanted if each in cameras][:MOST_TOGETHER]


def list_offered(text: str, chosen: Sequence[Camera]) -> list[Camera]:
    """Give the first cameras that fit a text and are not chosen yet."""
    found = search_cameras(CameraSearch(text=text)).exclude(pk__in=[camera.pk for camera in chosen])
    return list(found[:MOST_OFFERED])


def find_oldest_footage(camera: Camera) -> datetime | None:
    """Give where a camera's footage begins."""
    oldest: datetime | None = Segment.objects.filter(camera=camera).aggregate(oldest=Min("start"))["oldest"]
    return oldest


def _read_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
