"""The history of what kept a media server from writing: opened and closed by whoever sees it, as often as they like."""

from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest

from cameras.models import ServerOutage, ServerOutageCause


def open_server_outage(server_id: int, cause: ServerOutageCause, at: datetime) -> None:
    """Note that the media server surely writes nothing since then; one that is open already stays as it is."""
    ServerOutage.objects.bulk_create(
        [ServerOutage(media_server_id=server_id, cause=cause, began_at=at)], ignore_conflicts=True
    )


def close_server_outage(server_id: int, cause: ServerOutageCause, at: datetime) -> None:
    """Note that it may write again since then; nothing happens where none is open."""
    still_open = ServerOutage.objects.filter(media_server_id=server_id, cause=cause, ended_at=None)
    # A clock that was set back must not make it end before it began.
    still_open.update(ended_at=Greatest(F("began_at"), at))


def note_server_outage(server_id: int, cause: ServerOutageCause, began_at: datetime, ended_at: datetime) -> None:
    """Note an outage that was seen only when it was over."""
    ServerOutage.objects.create(media_server_id=server_id, cause=cause, began_at=began_at, ended_at=ended_at)
