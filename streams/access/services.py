"""Answers to MediaMTX, which asks before it lets somebody publish or watch, and what is handed out to those who may."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from cameras.models import Camera
from cameras.services import subject_of
from cities.access import Access
from cities.audit.once import OnceWithin
from cities.audit.services import Deed, note_deed
from cities.models import AuditAction, User
from cities.scope import every_city
from mediamtx.names import camera_id_from
from mediamtx.questions import Question
from streams.access.passwords import is_own_password
from streams.access.queries import find_publish_number, may_watch
from streams.access.tokens import Action, make_token, read_token

VIEWS = OnceWithin(timedelta(hours=1))
"""A wall that stands open asks anew for each picture that broke off: of that one entry is enough."""


def is_allowed(question: Question, *, now: datetime) -> bool:
    """Say whether this may be published or watched; anything we do not know is refused.

    Answers in a few milliseconds and never asks MediaMTX back: it waits for us with everything it has.
    """
    with every_city("MediaMTX names a path, and only the camera's row says whose it is"):
        if question.action == Action.PUBLISH:
            return _may_publish(question, now)
        return question.action == Action.READ and _may_read(question, now)


def give_live_token(camera: Camera, user: User, *, now: datetime) -> str:
    """Give the token with which this person may begin to watch the camera within two minutes."""
    return make_token(Action.READ, camera.pk, user.pk, now=now)


def note_password_read(camera: Camera, *, by: User, now: datetime) -> None:
    """Note in the audit log that somebody was given the camera's password for publishing."""
    note_deed(camera.city_id, Deed(AuditAction.PUBLISHING_READ, by, now, subject_of(camera)))


def note_live_view(access: Access, cameras: Sequence[Camera], *, now: datetime) -> None:
    """Write down whose live pictures somebody is let watch, before they are: once an hour for a person and a camera."""
    keys = {f"live:view:{access.user.pk}:{camera.pk}": camera for camera in cameras}
    new = VIEWS.choose_new(list(keys), now)
    if new:
        note_deed(access.city.pk, _tell_view(access.user, [keys[key] for key in new], now))
        VIEWS.tell(new, now)


def _tell_view(user: User, cameras: Sequence[Camera], now: datetime) -> Deed:
    if len(cameras) == 1:
        return Deed(AuditAction.LIVE_VIEWED, user, now, subject_of(cameras[0]), facts={"cameras": 1})
    facts = {"cameras": len(cameras), "names": sorted(camera.name for camera in cameras)}
    return Deed(AuditAction.LIVE_VIEWED, user, now, facts=facts)


@transaction.atomic
def renew_publish_password(camera: Camera, *, by: User | None, now: datetime) -> Camera:
    """Make the camera's password for publishing worthless, also where it is in use; give the camera with the new one.

    Whoever publishes with the old one is ended by the sweep of sessions within seconds.
    """
    note_deed(camera.city_id, Deed(AuditAction.PUBLISHING_RENEWED, by, now, subject_of(camera)))
    Camera.objects.filter(pk=camera.pk).update(publish_number=F("publish_number") + 1)
    camera.refresh_from_db(fields=["publish_number"])
    return camera


def _may_publish(question: Question, now: datetime) -> bool:
    camera_id, grant = camera_id_from(question.path), read_token(question.token)
    # RTSP clients come without anything first, and are to be told to come again.
    if camera_id is None or (grant is None and not question.password):
        return False
    number = find_publish_number(camera_id)
    if number is None:
        return False
    if grant is not None and grant.allows(Action.PUBLISH, camera_id, now):
        return True
    return is_own_password(camera_id, number, question.user, question.password)


def _may_read(question: Question, now: datetime) -> bool:
    """A token counts in the address only: there MediaMTX's lists of sessions show whose it is, so it can be revoked."""
    camera_id, grant = camera_id_from(question.path), read_token(question.token)
    if camera_id is None or grant is None or not grant.allows(Action.READ, camera_id, now):
        return False
    return grant.user_id is not None and may_watch(grant.user_id, camera_id, now)
