"""Verbs of holds that the doors call: to hold footage, and to let it go."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from cameras.models import Camera
from cameras.services import subject_of
from cities.audit.services import Deed, note_deed
from cities.models import AuditAction, User
from recording.gaps.spans import Span
from recording.holds.decisions import LONGEST_SEGMENT, SETTLING, NoFootage, Wish, check_wish, choose_nearest
from recording.holds.order import order_after_commit
from recording.holds.queries import segments_touched_by, take_turn_with_holds
from recording.models import Hold, Segment
from recording.queries import find_open_session
from recording.states import SegmentState


@transaction.atomic
def hold_footage(  # noqa: PLR0913 -- all that a hold is, each by its name
    camera: Camera,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: User | None,
    now: datetime,
    case_number: str = "",
    until: datetime | None = None,
) -> Hold:
    """Hold a camera's footage of this time; from the commit on no rule deletes what it touches.

    Its links are made right after. Raises InvalidInput for what cannot be held, NoFootage where there is nothing to.
    """
    asked = Span(starts_at, ends_at)
    wish = Wish(asked, reason.strip(), case_number.strip(), until)
    check_wish(wish, now)
    take_turn_with_holds()
    if not (_has_footage(camera, asked) or _is_being_recorded(camera, asked, now)):
        raise NoFootage(_find_nearest(camera, asked))
    hold = Hold.objects.create(
        camera=camera,
        city_id=camera.city_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=wish.reason,
        case_number=wish.case_number,
        until=until,
        created_at=now,
        created_by=by,
    )
    order_after_commit(_servers_of(hold))
    _note(AuditAction.HOLD_MADE, hold, by, now)
    return hold


@transaction.atomic
def release_hold(hold: Hold, *, by: User | None, now: datetime) -> Hold:
    """Let the footage go back to the ring; the hold stays as history. Idempotent: the first release counts."""
    if Hold.objects.filter(pk=hold.pk, released_at=None).update(released_at=now, released_by=by):
        order_after_commit(_servers_of(hold))
        _note(AuditAction.HOLD_RELEASED, hold, by, now)
    hold.refresh_from_db()
    return hold


def _note(action: AuditAction, hold: Hold, by: User | None, now: datetime) -> None:
    facts = {
        "hold": str(hold.pk),
        "case_number": hold.case_number,
        "from": hold.starts_at.isoformat(),
        "to": hold.ends_at.isoformat(),
    }
    note_deed(hold.city_id, Deed(action, by, now, subject_of(hold.camera), reason=hold.reason, facts=facts))


def _has_footage(camera: Camera, asked: Span) -> bool:
    """Say whether there is footage, or a torn end of a file, that nobody is deleting; bounded on both sides."""
    within = Q(start__gte=asked.start - LONGEST_SEGMENT, start__lte=asked.end)
    torn = Segment.objects.filter(within, camera=camera, claims_until__gte=asked.start)
    return (
        _footage_of(camera).filter(within, end__gte=asked.start).exists()
        or torn.exclude(state=SegmentState.DELETING).exists()
    )


def _is_being_recorded(camera: Camera, asked: Span, now: datetime) -> bool:
    """Say whether footage of this time is still to come: written, but not indexed yet, or not even written."""
    return asked.end > now - SETTLING and find_open_session(camera.pk) is not None


def _find_nearest(camera: Camera, asked: Span) -> Span | None:
    before = _footage_of(camera).filter(start__lt=asked.start).order_by("-start").values_list("start", "end").first()
    after = _footage_of(camera).filter(start__gt=asked.end).order_by("start").values_list("start", "end").first()
    return choose_nearest(asked, [Span(*found) for found in (before, after) if found])


def _footage_of(camera: Camera) -> QuerySet[Segment]:
    nothing = [SegmentState.DAMAGED, SegmentState.DELETING]
    return Segment.objects.filter(camera=camera, end__gt=F("start")).exclude(state__in=nothing)


def _servers_of(hold: Hold) -> set[int]:
    """Give the media servers with footage of the hold, and the one that writes what is to come."""
    touched = segments_touched_by([hold]).values_list("media_server_id", flat=True)
    return {*touched.distinct(), hold.camera.media_server_id}
