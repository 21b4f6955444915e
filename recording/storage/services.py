"""Measures the disks of the media servers, learns when MediaMTX deletes, forecasts, and has recording refused."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from cameras.models import MediaServer, ServerOutageCause
from cameras.outages import close_server_outage, open_server_outage
from mediamtx.client import MediaMTXClient
from mediamtx.durations import read_duration
from mediamtx.errors import MediaMTXUnavailable
from mediamtx.together import ask_together
from recording.models import Forecast, Storage
from recording.off_order import order_after_commit
from recording.retention.disk import DiskRoom, choose_water_marks, measure_disk
from recording.segments.decisions import Root
from recording.segments.looks import find_root
from recording.storage.decisions import CityUse, Outlook, ServerOutlook, forecast_server, is_full
from recording.storage.queries import find_marks, is_measured, longest_promises, measure_uses

logger = logging.getLogger(__name__)

LAST_MEASURE_WAS_JUST_BEFORE = timedelta(minutes=3)
"""Disks are measured each minute: what was found full now may have been so since the last measure."""

_SAY_AGAIN_SECONDS = 86_400


def measure_storage(
    server: MediaServer, now: datetime, measure: Callable[[Path], DiskRoom] = measure_disk
) -> Storage | None:
    """Measure a media server's disk and note whether it is full; None, and nothing changes, where it cannot be told.

    A folder without our marker may be an empty mount point, on another disk. Wants every city in scope.
    """
    room = _measure_root(server, measure)
    if isinstance(room, str):
        _say_away(server, room)
        return None
    _forget_away(server)
    storage, _ = Storage.objects.get_or_create(media_server=server)
    marks = choose_water_marks(room.total, storage.low_bytes, storage.high_bytes)
    _note_full(storage, now, is_full=is_full(room.free, marks) or storage.refuses_since is not None)
    storage.total_bytes, storage.free_bytes, storage.measured_at = room.total, room.free, now
    storage.save(update_fields=["total_bytes", "free_bytes", "measured_at"])
    return storage


def learn_delete_after(server: MediaServer, now: datetime) -> None:
    """Note after how long MediaMTX itself deletes, and what is promised; without an answer the former stays."""
    _note_delete_after(server, _ask_delete_after(server), now)


def learn_delete_after_together(servers: Iterable[MediaServer], now: datetime) -> None:
    """Do the same of several media servers at once, each of which may keep us waiting."""
    by_key = {server.pk: server for server in servers}
    for pk, seconds in ask_together({pk: partial(_ask_delete_after, server) for pk, server in by_key.items()}):
        _note_delete_after(by_key[pk], seconds, now)


def _note_delete_after(server: MediaServer, seconds: int | None, now: datetime) -> None:
    storage, _ = Storage.objects.get_or_create(media_server=server)
    storage.promised_days = longest_promises(now).get(server.pk)
    storage.delete_after_seconds = storage.delete_after_seconds if seconds is None else seconds
    storage.save(update_fields=["promised_days", "delete_after_seconds"])


@transaction.atomic
def forecast_storage(now: datetime) -> int:
    """Forecast every disk that was measured just now, for each city on it; give how many. Wants every city in scope."""
    uses, count = measure_uses(now), 0
    for storage in Storage.objects.order_by("pk"):
        if storage.free_bytes is not None and is_measured(storage, now):
            mine = uses.get(storage.media_server_id, {})
            outlook = forecast_server(storage.free_bytes, find_marks(storage).high, mine)
            _write_forecast(storage, outlook, mine, now)
            count += 1
    return count


@transaction.atomic
def refuse_recording(server_id: int, now: datetime) -> bool:
    """Have a media server record nothing from now on; False where it does so already. The wishes stay.

    For the ring, when only held footage is left. The off switch is told; it acts where MediaMTX's file is ours.
    """
    storage, _ = Storage.objects.get_or_create(media_server_id=server_id)
    if not Storage.objects.filter(pk=storage.pk, refuses_since=None).update(refuses_since=now):
        return False
    open_server_outage(server_id, ServerOutageCause.DISK_FULL, now)
    order_after_commit()
    return True


@transaction.atomic
def accept_recording(server_id: int, now: datetime) -> bool:
    """Have a media server record again what is wished; False where it does so already."""
    if not Storage.objects.filter(media_server=server_id).exclude(refuses_since=None).update(refuses_since=None):
        return False
    close_server_outage(server_id, ServerOutageCause.DISK_FULL, now)
    order_after_commit()
    return True


def _measure_root(server: MediaServer, measure: Callable[[Path], DiskRoom]) -> DiskRoom | str:
    """Give the room, or why it cannot be told."""
    try:
        if find_root(server, may_mark=False) not in {Root.OURS, Root.NEW}:
            return "its marker is missing or another media server's"
        room = measure(Path(server.recordings_root))
    except OSError as error:
        return str(error)
    return room if room.total > 0 else "its file system does not tell its size"


def _note_full(storage: Storage, now: datetime, *, is_full: bool) -> None:
    """What was found full may have been so since the last measure, if that is not long ago."""
    if not is_full:
        close_server_outage(storage.media_server_id, ServerOutageCause.DISK_FULL, now)
        return
    last = storage.measured_at
    began_at = last if last and now - LAST_MEASURE_WAS_JUST_BEFORE <= last <= now else now
    open_server_outage(storage.media_server_id, ServerOutageCause.DISK_FULL, began_at)


def _ask_delete_after(server: MediaServer) -> int | None:
    try:
        defaults = MediaMTXClient(server.api_url).get_path_defaults()
        return int(read_duration(defaults.get("recordDeleteAfter")))
    except (MediaMTXUnavailable, ValueError) as error:
        logger.debug("media server %s does not tell when it deletes: %s", server.name, error)
        return None


def _write_forecast(storage: Storage, outlook: ServerOutlook, uses: dict[UUID, CityUse], now: datetime) -> None:
    whole = outlook.whole
    storage.bytes_per_day, storage.yields_days = whole.bytes_per_day, whole.yields_days
    storage.promised_days = whole.promised_days or None
    storage.save(update_fields=["bytes_per_day", "yields_days", "promised_days"])
    rows = [_make_row(storage, city_id, uses[city_id], outlook.cities[city_id], now) for city_id in sorted(uses)]
    changing = ["footage_bytes", "held_bytes", "measured_at", *Outlook.__dataclass_fields__]
    Forecast.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["city", "media_server"], update_fields=changing
    )
    Forecast.objects.filter(media_server=storage.media_server_id, measured_at__lt=now).delete()


def _make_row(storage: Storage, city_id: UUID, use: CityUse, outlook: Outlook, now: datetime) -> Forecast:
    return Forecast(
        city_id=city_id,
        media_server_id=storage.media_server_id,
        footage_bytes=use.footage_bytes,
        held_bytes=use.held_bytes,
        measured_at=now,
        **asdict(outlook),
    )


def _say_away(server: MediaServer, problem: str) -> None:
    """Say once a day that a disk cannot be measured, until it can."""
    try:
        is_new = cache.add(_away_key(server), 1, timeout=_SAY_AGAIN_SECONDS)
    except RedisError:
        is_new = True
    if is_new:
        logger.warning(
            "the disk of media server %s cannot be measured (%s): %s", server.name, server.recordings_root, problem
        )


def _forget_away(server: MediaServer) -> None:
    try:
        cache.delete(_away_key(server))
    except RedisError as error:
        logger.debug("media server %s stays noted as away: %s", server.name, error)


def _away_key(server: MediaServer) -> str:
    return f"recording:storage:away:{server.pk}"
