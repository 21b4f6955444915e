"""What is known of a city just now; the states of its parts decided from that. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cameras.models import MediaServer
from observers.models import Alarm
from recording.models import Forecast

BEAT_SILENT_AFTER = timedelta(seconds=45)
"""Beat notes its heartbeat every ten seconds; /health says the same."""
SNAPSHOT_IS_OLD_AFTER = timedelta(seconds=45)
PATIENCE_WITH_INGEST = timedelta(seconds=30)


@dataclass(frozen=True)
class Ingest:
    """The city's pictures that must be pulled: how many, how many come in, how many nobody carries; by how many."""

    wished: int = 0
    live: int = 0
    retrying: int = 0
    uncarried: int = 0
    processes: int = 0
    alive_at: datetime | None = None


@dataclass(frozen=True)
class Status:
    """Everything that the page shows. `alarms` are the newest, `alarm_count` all; `beat` None: Redis gave no answer."""

    alarms: Sequence[Alarm] = ()
    alarm_count: int = 0
    servers: Sequence[MediaServer] = ()
    forecasts: Sequence[Forecast] = ()
    ingest: Ingest = field(default_factory=Ingest)
    beat: datetime | None = None
    redis_answers: bool = True


def is_beat_silent(status: Status, now: datetime) -> bool:
    """Say whether the scheduler, the broker or the worker seems to stand still.

    A sign of life from the future stems from before the clock was set back.
    """
    return status.beat is None or abs(now - status.beat) > BEAT_SILENT_AFTER


def is_server_well(server: MediaServer, now: datetime) -> bool:
    """Say whether a media server answers, and was asked just now."""
    if server.reach != MediaServer.Reach.REACHABLE or server.snapshot_at is None:
        return False
    return abs(now - server.snapshot_at) <= SNAPSHOT_IS_OLD_AFTER


def is_short(forecast: Forecast) -> bool:
    """Say whether a disk yields fewer days than promised."""
    return forecast.yields_days is not None and forecast.yields_days < forecast.promised_days


def count_troubles(status: Status, now: datetime) -> int:
    """Count what needs somebody: alarms, and what no alarm can tell since it stops the watching itself."""
    return status.alarm_count + (status.ingest.uncarried > 0) + is_beat_silent(status, now)
