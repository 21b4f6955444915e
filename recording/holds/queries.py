"""Which footage is held: what the ring asks before it takes anything, what is kept of a hold, and how much it is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from cameras.models import Camera
from cities.errors import NotThere
from recording.gaps.holes import place_holes
from recording.gaps.spans import Span
from recording.holds.decisions import LONGEST_SEGMENT, Statement, Touched, claim_span, cut_claim, state_hold, touches
from recording.models import Hold, Segment
from recording.segments.index import in_batches
from recording.states import SegmentState

_LOCK_SPACE, _HOLDING = 0x401D, 0
HOLDS_AT_ONCE = 20

HELD = """EXISTS (
        SELECT FROM recording_hold AS hold
        WHERE hold.camera_id = segment.camera_id AND hold.ends_at >= segment.start
          AND hold.starts_at <= GREATEST(segment."end", segment.claims_until)
          AND hold.released_at IS NULL AND (hold.until IS NULL OR hold.until > %(now)s)
    )"""
"""What `is_held` says, for a statement in which the segments are called `segment`."""

_TOUCHED = ["start", "end", "claims_until", "size", "state", "held_file", "held_problem", "holes"]


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


def is_held(now: datetime) -> Q:
    """Give the condition, for a query of segments, that a hold in force touches the segment.

    The few that are held for their torn end alone are asked for here, and named: what would look at each row's claim
    could not be answered by the index of camera and start, which the sums of a ring stand on.
    """
    touching = Q(_is_touched_until("end", now))
    torn = Segment.objects.filter(_is_touched_until("claims_until", now), claims_until__isnull=False)
    named = list(torn.order_by().values_list("pk", flat=True))
    return touching | Q(pk__in=named) if named else touching


def _is_touched_until(end: str, now: datetime) -> Exists:
    return Exists(
        live_holds(now).filter(camera=OuterRef("camera"), starts_at__lte=OuterRef(end), ends_at__gte=OuterRef("start"))
    )


def take_turn_with_holds() -> None:
    """Wait, within a transaction, until nobody else holds footage or marks it for deletion; ends with it.

    Whoever makes a hold, changes a promise or marks segments takes this turn first, so that none misses another's rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK_SPACE, _HOLDING))


def segments_touched_by(holds: Iterable[Hold]) -> QuerySet[Segment]:
    """Give the segments that any of these holds touches; at most HOLDS_AT_ONCE of them.

    Each hold's camera and time stand in the query, so that the index by camera and start answers it. A join with the
    holds would have the database read all segments there are (tried with 1.4 million of them and 500 holds).
    """
    touching = Q(pk__in=[])
    for hold in holds:
        touching |= Q(
            Q(end__gte=hold.starts_at) | Q(claims_until__gte=hold.starts_at),
            camera=hold.camera_id,
            start__gte=hold.starts_at - LONGEST_SEGMENT,
            start__lte=hold.ends_at,
        )
    return Segment.objects.filter(touching)


def segments_lacking_links(now: datetime, **conditions: Any) -> Iterator[QuerySet[Segment]]:
    """Give, in parts that may overlap, the segments that a hold in force touches and that have no link yet."""
    for holds in in_batches(list(live_holds(now)), HOLDS_AT_ONCE):
        lacking = segments_touched_by(holds).filter(held_file="", **conditions)
        yield lacking.exclude(state=SegmentState.DELETING)


def state_holds(holds: Iterable[Hold], now: datetime) -> dict[UUID, Statement]:
    """State what is kept of each hold, by one query for HOLDS_AT_ONCE of them."""
    listed = list(holds)
    touched = _read_touched([hold for hold in listed if hold.released_at is None])
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
    """Give how much is held per city and media server: still linked, or touched by a hold in force."""
    found: dict[int, tuple[UUID, int, int]] = {}
    columns = ("pk", "city_id", "media_server_id", "size")
    for part in [Segment.objects.exclude(held_file=""), *segments_lacking_links(now)]:
        found.update((pk, (city, server, size)) for pk, city, server, size in part.values_list(*columns))
    sizes: dict[tuple[UUID, int], list[int]] = defaultdict(list)
    for city_id, server_id, size in found.values():
        sizes[city_id, server_id].append(size)
    return [HeldBytes(*key, segments=len(of_key), bytes=sum(of_key)) for key, of_key in sorted(sizes.items())]


def _read_touched(holds: Sequence[Hold]) -> dict[UUID, list[Touched]]:
    found: dict[UUID, list[Touched]] = defaultdict(list)
    for batch in in_batches(holds, HOLDS_AT_ONCE):
        by_camera: dict[UUID, list[tuple[Span, Touched]]] = defaultdict(list)
        rows = segments_touched_by(batch).exclude(state=SegmentState.DELETING).values_list("camera_id", *_TOUCHED)
        for camera_id, start, end, claim, size, state, held_file, problem, packed in rows:
            is_footage, holes = state != SegmentState.DAMAGED and end > start, place_holes(start, packed)
            piece = Touched(Span(start, end), size, is_footage, bool(held_file), problem, holes)
            by_camera[camera_id].append((claim_span(start, end, claim), piece))
        for hold in batch:
            asked = Span(hold.starts_at, hold.ends_at)
            found[hold.pk] = [
                cut_claim(asked, each) for claim, each in by_camera[hold.camera_id] if touches(asked, claim)
            ]
    return found
