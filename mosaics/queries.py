"""Which cameras the wall shows, and how many are in which state: a fixed number of queries whatever their number."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from cameras.models import Camera, MediaServer
from cameras.queries import cameras_in_scope
from cameras.search import COUNTS, CameraSearch, search_cameras
from cities.errors import NotThere
from cities.scope import every_city, is_in_sight, sees_whole
from mosaics.models import Mosaic, MosaicTile

_UNANSWERED = Q(media_server__reach=MediaServer.Reach.UNREACHABLE)
_ANSWERED = Q(media_server__reach=MediaServer.Reach.REACHABLE)


@dataclass(frozen=True)
class WallCounts:
    """How many cameras of the scope are in which state, and since when the media servers owe us an answer.

    `unanswered_since` is the oldest moment at which a media server of these cameras stopped answering; `checked_at`
    the oldest valid snapshot of those that do answer; None where there is none.
    """

    total: int
    online: int
    offline: int
    unknown: int
    recording: int
    unanswered: int
    unanswered_since: datetime | None
    checked_at: datetime | None


def find_cameras(wanted: CameraSearch) -> QuerySet[Camera]:
    """Give the cameras in scope that fit, their streams and media servers loaded."""
    return search_cameras(wanted).select_related("media_server", "stream")


def list_cameras(camera_ids: Iterable[UUID]) -> list[Camera]:
    """Give those of the cameras that are in scope, their streams and media servers loaded."""
    return list(find_cameras(CameraSearch()).filter(pk__in=list(camera_ids)))


def count_cameras() -> WallCounts:
    """Count all cameras in scope, in one query."""
    totals = (
        cameras_in_scope()
        .order_by()
        .aggregate(
            **COUNTS,
            unanswered=Count("pk", filter=_UNANSWERED),
            unanswered_since=Min("media_server__reach_changed_at", filter=_UNANSWERED),
            checked_at=Min("media_server__snapshot_at", filter=_ANSWERED),
        )
    )
    return WallCounts(**totals)


def list_mosaics() -> QuerySet[Mosaic]:
    """Give the mosaics in scope by name, each with `camera_count`, the number of its cameras, and who made it."""
    # A join goes past the manager of what it joins: only the tiles in sight count.
    seen = Count("tiles", filter=Q(tiles__in=MosaicTile.objects.order_by()))
    return Mosaic.objects.select_related("created_by").annotate(camera_count=seen).order_by("name", "id")


def find_mosaic(mosaic_id: UUID) -> Mosaic:
    """Give one mosaic with its tiles; NotThere if it does not exist or belongs to a city out of scope."""
    mosaic = Mosaic.objects.select_related("created_by").prefetch_related("tiles").filter(pk=mosaic_id).first()
    if mosaic is None:
        raise NotThere(f"no mosaic {mosaic_id}")
    return mosaic


def shows_all(mosaic: Mosaic) -> bool:
    """Say whether all cameras of a mosaic may be seen here."""
    if sees_whole(mosaic.city_id):
        return True
    with every_city("whether a camera is hidden is said, not which"):
        cameras = list(MosaicTile.objects.filter(mosaic=mosaic).order_by().values_list("camera_id", flat=True))
    return all(is_in_sight(mosaic.city_id, camera_id) for camera_id in cameras)


def list_cameras_of(mosaic: Mosaic) -> list[tuple[int, Camera]]:
    """Give the cameras of a mosaic with their positions, in that order, streams and media servers loaded."""
    positions = dict(MosaicTile.objects.filter(mosaic=mosaic).values_list("camera_id", "position"))
    placed = [(positions[camera.pk], camera) for camera in list_cameras(positions)]
    return sorted(placed, key=lambda each: each[0])


def list_media_origins() -> list[str]:
    """Give the public addresses from which pictures of the cameras in scope come, HLS and WebRTC."""
    servers = (
        cameras_in_scope().order_by().values_list("media_server__public_hls_url", "media_server__public_webrtc_url")
    )
    return sorted({address for pair in servers.distinct() for address in pair if address})
