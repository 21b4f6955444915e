"""Which footage is held: what the ring asks before it takes anything, what is kept of a hold, and how much it is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from cameras.models import Camera
from cities.errors import NotThere
from recording.holds.decisions import LONGEST_SEGMENT, Span, Statement, Touched, state_hold
from recording.models import Hold, Segment, SegmentState

_LOCK_SPACE, _HOLDING = 0x401D, 0
_TOUCHED = ["start", "end", "size", "state", "held_file", "held_problem"]


@dataclass(frozen=True)
class HeldBytes:
    """How much of a city's footage on a media server no rule may delete."""

    city_id: UUID
    media_server_id: int
    segments: int
    bytes: int


def holds_in_scope() -> QuerySet[Hold]:
    """Give the holds of the cities in scope, newest first, with what a list shows of them."""
    return Hold.objects.select_related("camera", "city", "created_by", "released_by").order_by("-created_at", "pk")


def list_holds(camera_id: UUID | None, *, is_live: bool | None, now: datetime) -> QuerySet[Hold]:
    """Give the holds of a camera or of all, in force or ended or both."""
    holds = holds_in_scope() if camera_id is None else holds_in_scope().filter(camera_id=camera_id)
    if is_live is None:
        return holds
    return holds.filter(in_force(now)) if is_live else holds.exclude(in_force(now))


def find_held_camera(camera_id: UUID) -> Camera:
    """Give a camera whose footage may be held, a removed one too; NotThere if there is none in scope."""
    camera = Camera.objects.filter(pk=camera_id).first()
    if camera is None:
        raise NotThere(f"no camera {camera_id}")
    return camera


def find_hold(hold_id: UUID) -> Hold:
    """Give one hold; NotThere if it does not exist or belongs to a city out of scope."""
    hold = holds_in_scope().filter(pk=hold_id).first()
    if hold is None:
        raise NotThere(f"no hold {hold_id}")
    return hold


def in_force(now: datetime) -> Q:
    """Give the condition, for a query of holds, that the hold is in force."""
    return Q(released_at=None) & (Q(until=None) | Q(until__gt=now))


def live_holds(now: datetime) -> QuerySet[Hold]:
    """Give the holds that are in force."""
    return Hold.objects.filter(in_force(now))


def is_held(now: datetime) -> Exists:
    """Give the condition, for a query of segments, that a hold in force touches the segment."""
    touching = live_holds(now).filter(
        camera=OuterRef("camera"), starts_at__lte=OuterRef("end"), ends_at__gte=OuterRef("start")
    )
    return Exists(touching)


def is_free(now: datetime) -> Q:
    """Give the condition, for a query of segments, that holds let the segment be deleted.

    No hold in force touches it, and no link of an earlier one is left: a segment whose link were forgotten would go on
    filling the disk.
    """
    return Q(~is_held(now), held_file="")


def take_turn_with_holds() -> None:
    """Wait, within a transaction, until nobody else holds footage or marks it for deletion; ends with it.

    Whoever makes a hold and whoever marks segments takes this turn first, so that neither misses the other's rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK_SPACE, _HOLDING))


def touched_by(holds: QuerySet[Hold], **conditions: Any) -> QuerySet[Hold, Any]:
    """Give the ids of the segments that these holds touch and that fulfil the conditions: one per hold and segment."""
    # From the holds to the segments, by camera and time: the other way round reads all segments there are.
    wanted = {f"camera__segments__{name}": value for name, value in conditions.items()}
    return holds.filter(
        camera__segments__start__lte=F("ends_at"),
        camera__segments__start__gte=F("starts_at") - LONGEST_SEGMENT,
        camera__segments__end__gte=F("starts_at"),
        **wanted,
    ).order_by()


def state_holds(holds: Iterable[Hold], now: datetime) -> dict[UUID, Statement]:
    """State what is kept of each hold, by one query for all of them."""
    listed = list(holds)
    touched = _read_touched([hold.pk for hold in listed if hold.released_at is None])
    return {
        hold.pk: state_hold(
            Span(hold.starts_at, hold.ends_at),
            touched[hold.pk],
            now=now,
            until=hold.until,
            released_at=hold.released_at,
        )
        for hold in listed
    }


def held_bytes(now: datetime) -> list[HeldBytes]:
    """Give how much is held per city and media server: touched by a hold in force, or still linked."""
    touched = touched_by(live_holds(now)).values("camera__segments__pk")
    linked = Segment.objects.exclude(held_file="").values("pk")
    held = Segment.objects.filter(pk__in=touched.union(linked)).exclude(state=SegmentState.DELETING)
    sums = held.values("city_id", "media_server_id").annotate(segments=Count("pk"), bytes=Sum("size"))
    return [HeldBytes(**row) for row in sums.order_by("city_id", "media_server_id")]


def _read_touched(hold_ids: Sequence[UUID]) -> dict[UUID, list[Touched]]:
    found: dict[UUID, list[Touched]] = defaultdict(list)
    columns = [f"camera__segments__{name}" for name in _TOUCHED]
    for hold_id, start, end, size, state, held_file, problem in touched_by(
        Hold.objects.filter(pk__in=hold_ids)
    ).values_list("pk", *columns):
        if state != SegmentState.DELETING:
            is_footage = state != SegmentState.DAMAGED and end > start
            found[hold_id].append(Touched(Span(start, end), size, is_footage, bool(held_file), problem))
    return found
