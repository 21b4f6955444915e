"""Promises: what is in force, and how managers change it. Nothing is deleted here; the ring follows when it turns."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cameras.models import Camera
from cameras.services import subject_of
from cities.audit.services import Deed, Subject, note_deed
from cities.errors import Conflict, InvalidInput
from cities.models import AuditAction, City, User
from recording.holds.queries import take_turn_with_holds
from recording.models import RetentionPolicy
from recording.retention.decisions import (
    DEFAULT_POLICY,
    LARGEST_QUOTA,
    LONGEST_DAYS,
    SMALLEST_QUOTA,
    Policy,
    choose_policy,
)
from recording.retention.queries import largest_segment, policy_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class InForce:
    """What is promised, and whether the camera's, the city's, or the installation's word says so."""

    policy: Policy
    set_for: str


@dataclass(frozen=True)
class Change:
    """Who changes a promise, and when; `must_be_new`: one that is there already is left alone."""

    by: User | None
    now: datetime
    must_be_new: bool = False


_CITY = Subject("city")


def find_city_policy(city: City) -> InForce:
    """Give what is promised of a city's footage."""
    own = _find(city, None)
    return InForce(own or DEFAULT_POLICY, "city" if own else "default")


def find_camera_policy(camera: Camera) -> InForce:
    """Give what is promised of a camera's footage."""
    own = _find(camera.city, camera)
    if own:
        return InForce(choose_policy(own, None), "camera")
    return find_city_policy(camera.city)


@transaction.atomic
def set_city_policy(city: City, given: Mapping[str, int | None], change: Change) -> RetentionPolicy:
    """Change what is promised of a city's footage; what is not given stays, None takes a rule away.

    Raises InvalidInput, and Conflict where it must be new and is not.
    """
    cameras = Camera.objects.filter(city=city).values_list("pk", flat=True)
    row = _set(city, None, cameras, given, must_be_new=change.must_be_new)
    note_deed(city.pk, Deed(AuditAction.POLICY_CHANGED, change.by, change.now, _CITY, facts=asdict(policy_of(row))))
    return row


@transaction.atomic
def set_camera_policy(camera: Camera, given: Mapping[str, int | None], change: Change) -> RetentionPolicy:
    """Give a camera a promise of its own, or change it; the same rules as for a city's."""
    row = _set(camera.city, camera, [camera.pk], given, must_be_new=change.must_be_new)
    facts, subject = asdict(policy_of(row)), subject_of(camera)
    note_deed(camera.city_id, Deed(AuditAction.POLICY_CHANGED, change.by, change.now, subject, facts=facts))
    return row


@transaction.atomic
def drop_camera_policy(camera: Camera, change: Change) -> None:
    """Let the city's promise count for the camera again, also where it did all along."""
    policy = RetentionPolicy.objects.filter(camera=camera).first()
    if policy:
        drop_policy(policy, change)


@transaction.atomic
def drop_policy(policy: RetentionPolicy, change: Change) -> None:
    """Let the next wider promise count: the city's for a camera, the installation's for a city."""
    take_turn_with_holds()
    subject = subject_of(policy.camera) if policy.camera else _CITY
    note_deed(policy.city_id, Deed(AuditAction.POLICY_CHANGED, change.by, change.now, subject, facts={"dropped": True}))
    policy.delete()


def check_policy(policy: Policy, largest: int) -> None:
    """Refuse what cannot be meant; `largest`: the bytes of the largest segment known. Raises InvalidInput."""
    if not 1 <= policy.days <= LONGEST_DAYS:
        raise InvalidInput("Promise from 1 to 3650 days.", field="days")
    if policy.max_days is not None and not 1 <= policy.max_days <= LONGEST_DAYS:
        raise InvalidInput("Give a maximum from 1 to 3650 days, or none.", field="max_days")
    if policy.max_days is not None and policy.max_days < policy.days:
        raise InvalidInput(
            "The maximum is less than the promised days; raise it, or promise fewer days.", field="max_days"
        )
    if policy.quota_bytes is not None:
        _check_quota(policy.quota_bytes, largest)


def _check_quota(quota_bytes: int, largest: int) -> None:
    if quota_bytes < SMALLEST_QUOTA:
        raise InvalidInput("Give a quota of 1000000 bytes (1 MB) or more, or none.", field="quota_bytes")
    if quota_bytes > LARGEST_QUOTA:
        raise InvalidInput("Give a quota of 10^18 bytes (1 EB) or less, or none.", field="quota_bytes")
    if quota_bytes < largest:
        raise InvalidInput(
            "The quota is less than the largest segment there is, so nothing could be kept; give more, or none.",
            field="quota_bytes",
        )


def _find(city: City, camera: Camera | None) -> Policy | None:
    row = RetentionPolicy.objects.filter(city=city, camera=camera).first()
    return policy_of(row) if row else None


@transaction.atomic
def _set(
    city: City, camera: Camera | None, cameras: Iterable[UUID], given: Mapping[str, int | None], *, must_be_new: bool
) -> RetentionPolicy:
    City.objects.select_for_update(no_key=True).get(pk=city.pk)  # two callers take turns
    take_turn_with_holds()  # and the ring, which marks nothing more by what was promised before
    row = RetentionPolicy.objects.filter(city=city, camera=camera).first()
    if row and must_be_new:
        raise Conflict("There is a policy for this already; change that one.", field="camera" if camera else "city")
    row = row or RetentionPolicy(city=city, camera=camera)
    policy = replace(policy_of(row), **given)  # type: ignore[arg-type]  # the names are the doors' fields
    check_policy(policy, largest_segment(cameras) if policy.quota_bytes is not None else 0)
    row.days, row.max_days, row.quota_bytes = policy.days, policy.max_days, policy.quota_bytes
    row.save()
    logger.info("retention of %s: %s", f"camera {camera.pk}" if camera else f"city {city.pk}", policy)
    return row
