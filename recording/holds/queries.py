"""Which footage is held: what the ring asks before it takes anything."""

from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from recording.models import Hold

_LOCK_SPACE, _HOLDING = 0x401D, 0


def live_holds(now: datetime) -> QuerySet[Hold]:
    """Give the holds that are in force."""
    return Hold.objects.filter(Q(until=None) | Q(until__gt=now), released_at=None)


def is_held(now: datetime) -> Exists:
    """Give the condition, for a query of segments, that a hold in force touches the segment."""
    touching = live_holds(now).filter(
        camera=OuterRef("camera"), starts_at__lte=OuterRef("end"), ends_at__gte=OuterRef("start")
    )
    return Exists(touching)


def take_turn_with_holds() -> None:
    """Wait, within a transaction, until nobody else holds footage or marks it for deletion; ends with it.

    Whoever makes a hold and whoever marks segments takes this turn first, so that neither misses the other's rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK_SPACE, _HOLDING))
