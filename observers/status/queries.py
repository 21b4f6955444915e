"""Reads a city's status: five queries however many cameras, and the heartbeat out of Redis."""

from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Max, Q
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from cameras.models import MediaServer
from cameras.queries import cameras_in_scope
from observers.alarms.queries import count_open_alarms, list_alarms
from observers.services import HEARTBEAT_KEY
from observers.status.facts import PATIENCE_WITH_INGEST, Ingest, Status
from recording.models import Forecast
from streams.models import StreamState
from streams.queries import streams_in_scope

MOST_ALARMS = 50


def read_status(city_id: UUID, now: datetime) -> Status:
    """Read everything of a city, which must be in scope."""
    alarms = list(list_alarms().filter(city=city_id, closed_at=None)[:MOST_ALARMS])
    count = len(alarms) if len(alarms) < MOST_ALARMS else count_open_alarms(city_id)
    carrying = cameras_in_scope().order_by().values("media_server")
    beat, answers = _read_beat()
    return Status(
        alarms=alarms,
        alarm_count=count,
        servers=list(MediaServer.objects.filter(pk__in=carrying).select_related("storage").order_by("name")),
        forecasts=list(Forecast.objects.select_related("media_server").order_by("media_server__name")),
        ingest=_read_ingest(now),
        beat=beat,
        redis_answers=answers,
    )


def _read_ingest(now: datetime) -> Ingest:
    """Count the pictures that we pull. A lease that ended, or none for a while, means that nobody carries it."""
    pulled = streams_in_scope().exclude(camera__source_url="").order_by()
    carried = Q(lease_until__gt=now)
    return Ingest(
        **pulled.aggregate(
            wished=Count("pk"),
            live=Count("pk", filter=carried & Q(state=StreamState.LIVE)),
            retrying=Count("pk", filter=carried & Q(state=StreamState.RETRYING)),
            uncarried=Count("pk", filter=~carried & Q(wished_at__lt=now - PATIENCE_WITH_INGEST)),
            processes=Count("lease_owner", filter=carried, distinct=True),
            alive_at=Max("lease_until"),
        )
    )


def _read_beat() -> tuple[datetime | None, bool]:
    try:
        return datetime.fromisoformat(cache.get(HEARTBEAT_KEY) or ""), True
    except ValueError:
        return None, True
    except (RedisError, ConnectionInterrupted):
        return None, False
