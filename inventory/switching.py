"""Switches the recording of several cameras at once, says what became of each, and takes it back where asked."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from cameras.models import Camera
from cities.access import Access
from cities.errors import Conflict, NotThere
from inventory.errands import fill_errand, find_errand, finish_errand, make_errand, read_content
from inventory.models import Errand, ErrandKind
from recording.clock import start_clock
from recording.models import RecordingSession
from recording.services import change_recording, switch_recording
from streams.models import Stream
from streams.services import drop_stream

MOST_AT_ONCE = 500

SWITCHED, ALREADY, REFUSED, GONE = "switched", "already", "refused", "gone"
UNDONE, CHANGED = "undone", "changed"


@dataclass(frozen=True)
class Outcome:
    """What became of one camera.

    `session` is the recording session that was opened or ended; `stream_wished` says that its stream was wished along.
    """

    camera: str
    name: str
    became: str
    why: str = ""
    session: str = ""
    stream_wished: bool = False


def switch_several(cameras: Sequence[Camera], *, on: bool, access: Access, now: datetime) -> Errand:
    """Switch each camera by itself and at its own moment, and keep what became of it for the undo.

    Raises Conflict, before any is switched, for more than MOST_AT_ONCE and for who asks too often.
    """
    if len(cameras) > MOST_AT_ONCE:
        raise Conflict("These are more cameras than can be switched at once; look for fewer, and switch those.")
    errand = make_errand(access, ErrandKind.SWITCH, _tell(on=on, outcomes=[]), now)
    settled, clock = _find_settled(cameras, on=on), start_clock(now)
    # Not in one transaction: it would lock hundreds of streams' rows one by one, and fall out with who renews leases.
    outcomes = [
        Outcome(str(camera.pk), camera.name, ALREADY)
        if camera.pk in settled
        else _switch(camera, on=on, access=access, now=clock())
        for camera in cameras
    ]
    fill_errand(errand, _tell(on=on, outcomes=outcomes))
    return errand


def read_outcomes(errand: Errand) -> tuple[bool, list[Outcome]]:
    """Give what was wished, and what became of each camera."""
    content = read_content(errand)
    return bool(content["on"]), [Outcome(**each) for each in content["outcomes"]]


def find_last_switch(access: Access, now: datetime) -> Errand | None:
    """Give a person's newest switch of several cameras in their city that can still be taken back."""
    mine = Errand.objects.filter(city=access.city, by=access.user, kind=ErrandKind.SWITCH, expires_at__gt=now)
    newest = mine.order_by("-made_at").first()
    return newest if newest is not None and newest.done_at is None else None


def undo_switch(access: Access, errand_id: UUID, now: datetime) -> Errand:
    """Give back the former wish of those that were really switched, where nobody changed it since; once only.

    Raises NotThere for what is forgotten or not the caller's, Conflict for what was undone already.
    """
    errand = _begin_undo(access, errand_id, now)
    on, outcomes = read_outcomes(errand)
    clock = start_clock(now)
    undone = [_undo(each, on=on, access=access, now=clock()) if each.became == SWITCHED else each for each in outcomes]
    fill_errand(errand, _tell(on=on, outcomes=undone))
    return errand


@transaction.atomic
def _begin_undo(access: Access, errand_id: UUID, now: datetime) -> Errand:
    """Note that it is undone before any camera is: who asks for it meanwhile finds it so."""
    errand = find_errand(access, errand_id, ErrandKind.SWITCH, now, to_change=True)
    if errand.done_at is not None:
        raise Conflict("This was undone already.")
    finish_errand(errand, read_content(errand), now)
    return errand


def _tell(*, on: bool, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    return {"on": on, "outcomes": [asdict(outcome) for outcome in outcomes]}


def _switch(camera: Camera, *, on: bool, access: Access, now: datetime) -> Outcome:
    told = partial(Outcome, str(camera.pk), camera.name)
    try:
        session, stream_wished = change_recording(camera, on=on, by=access.user, now=now)
    except Conflict as refused:
        return told(REFUSED, why=refused.message)
    except NotThere:
        return told(GONE)
    if session is None or (on and not _is_begun_by(session, access, now)):
        return told(ALREADY)
    return told(SWITCHED, session=str(session.pk), stream_wished=stream_wished)


def _is_begun_by(session: RecordingSession, access: Access, now: datetime) -> bool:
    """Say whether this switch began the session; no two cameras are switched at one moment."""
    return session.started_by_id == access.user.pk and session.started_at >= now


@transaction.atomic
def _undo(outcome: Outcome, *, on: bool, access: Access, now: datetime) -> Outcome:
    told = partial(Outcome, outcome.camera, outcome.name)
    rows = Camera.objects.select_for_update(of=("self",)).select_related("media_server")
    camera = rows.filter(pk=outcome.camera, removed_at=None).first()
    if camera is None:
        return told(GONE)
    if not _is_as_left(outcome, on=on):
        return told(CHANGED)
    try:
        switch_recording(camera, on=not on, by=access.user, now=now)
    except Conflict as refused:
        return told(REFUSED, why=refused.message)
    if outcome.stream_wished:
        drop_stream(camera, by=access.user, now=now)
    return told(UNDONE)


def _is_as_left(outcome: Outcome, *, on: bool) -> bool:
    """Say whether the camera's newest session is still the one that was opened or ended, and as it was left."""
    newest = RecordingSession.objects.filter(camera=UUID(outcome.camera)).order_by("-started_at", "ended_at").first()
    return newest is not None and str(newest.pk) == outcome.session and (newest.ended_at is None) == on


def _find_settled(cameras: Iterable[Camera], *, on: bool) -> set[UUID]:
    """Give those of the cameras that are as wished already, and need not be asked about one by one."""
    ids = {camera.pk for camera in cameras}
    recorded = set(_list_ids(RecordingSession.objects.filter(camera__in=ids, ended_at=None)))
    if not on:
        return ids - recorded
    pulled = set(_list_ids(Stream.objects.filter(camera__in=ids, wished=True)))
    return recorded & (pulled | {camera.pk for camera in cameras if camera.publishes_by_itself})


def _list_ids(rows: QuerySet[Any]) -> Iterable[UUID]:
    return rows.order_by().values_list("camera_id", flat=True)
