"""Which cameras the wall shows, and how many are in which state: a fixed number of queries whatever their number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from cameras.models import Camera, CameraState, MediaServer
from cameras.queries import cameras_in_scope
from cameras.search import OF_STATE, CameraSearch, search_cameras

_UNANSWERED = Q(media_server__reach=MediaServer.Reach.UNREACHABLE)
_ANSWERED = Q(media_server__reach=MediaServer.Reach.REACHABLE)
_RECORDING = {"on": True, "off": False}


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


def read_search(parameters: Mapping[str, str]) -> CameraSearch:
    """Read `q`, `state` and `recording`; a value that means nothing lets everything through."""
    state = parameters.get("state", "")
    text = "".join(character for character in parameters.get("q", "") if character.isprintable())
    return CameraSearch(
        state=CameraState(state) if state in CameraState.values else None,
        recording=_RECORDING.get(parameters.get("recording", "")),
        text=text.strip()[:100],
    )


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
            total=Count("pk"),
            online=Count("pk", filter=OF_STATE[CameraState.ONLINE]),
            offline=Count("pk", filter=OF_STATE[CameraState.OFFLINE]),
            unknown=Count("pk", filter=OF_STATE[CameraState.UNKNOWN]),
            recording=Count("pk", filter=Q(recording_enabled=True)),
            unanswered=Count("pk", filter=_UNANSWERED),
            unanswered_since=Min("media_server__reach_changed_at", filter=_UNANSWERED),
            checked_at=Min("media_server__snapshot_at", filter=_ANSWERED),
        )
    )
    return WallCounts(**totals)
