"""Whether MediaMTX's own deleting leaves the promises of retention whole, told at start and by a system check."""

from datetime import datetime

from django.conf import settings

from cameras.models import MediaServer
from mediamtx.durations import parse_duration
from recording.models import Storage
from recording.storage.decisions import DAY_SECONDS
from recording.storage.queries import BrokenPromise, find_broken_promises, longest_promises


def tell_broken_promises(now: datetime) -> list[str]:
    """Give a sentence for each media server that breaks a promise. Wants every city in scope.

    What counts is what was last seen in force; for the MediaMTX whose file `manage.py up` writes at each start, what
    the settings say now.
    """
    known = {storage.media_server_id: storage.delete_after_seconds for storage in Storage.objects.all()}
    storages = [
        Storage(media_server=server, delete_after_seconds=_expect(server, known.get(server.pk)))
        for server in MediaServer.objects.order_by("pk")
    ]
    return [_say(broken) for broken in find_broken_promises(storages, longest_promises(now))]


def _expect(server: MediaServer, seen: int | None) -> int | None:
    written_at_start = str(settings.VMS_DATA / "mediamtx" / "mediamtx.yml")
    if written_at_start == settings.VMS_MEDIAMTX_CONFIG and server.api_url == settings.MEDIAMTX_API_URL:
        return int(parse_duration(settings.VMS_RECORD_DELETE_AFTER))
    return seen


def _say(broken: BrokenPromise) -> str:
    days = round(broken.delete_after_seconds / DAY_SECONDS, 2)
    return (
        f"MediaMTX {broken.server.name} deletes footage after {days:g} days and {broken.promised_days} are promised: "
        f"set VMS_RECORD_DELETE_AFTER={broken.promised_days}d or more (0s: never), or promise fewer days."
    )
