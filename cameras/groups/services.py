"""Verbs that change groups, and who sees only the cameras of theirs.

Every request asks what its member may see, so that stands in the membership itself, `narrowed_to`, and is written anew
here in the transaction of each change. A city's changes take turns.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from cameras.groups.queries import groups_of
from cameras.models import Camera, CameraGroup, GroupedCamera, GroupMember
from cities.audit.services import Deed, Subject, note_deed
from cities.errors import Conflict, InvalidInput
from cities.models import AuditAction, City, Membership, Role, User
from cities.scope import check_sees_whole


@transaction.atomic
def make_group(city: City, *, name: str, camera_ids: Collection[UUID], by: User | None, now: datetime) -> CameraGroup:
    """Make a group of these cameras. Raises InvalidInput (name, camera_ids) or Conflict (name taken)."""
    _take_turn(city.pk)
    group = CameraGroup(city=city, name=_clean_name(name))
    _save(group)
    facts = _put_cameras(group, camera_ids)
    note_deed(city.pk, Deed(AuditAction.GROUP_MADE, by, now, _subject_of(group), facts=facts))
    return group


@transaction.atomic
def change_group(
    group: CameraGroup, *, name: str, camera_ids: Collection[UUID], by: User | None, now: datetime
) -> CameraGroup:
    """Give a group this name and these cameras; its members see those from now on. Raises as `make_group` does."""
    _take_turn(group.city_id)
    group.name = _clean_name(name)
    _save(group)
    facts = _put_cameras(group, camera_ids)
    note_deed(group.city_id, Deed(AuditAction.GROUP_CHANGED, by, now, _subject_of(group), facts=facts))
    return group


@transaction.atomic
def remove_group(group: CameraGroup, *, by: User | None, now: datetime) -> None:
    """Take a group away; Conflict while members are in it, who would see the whole city then."""
    _take_turn(group.city_id)
    if GroupMember.objects.filter(group=group).exists():
        raise Conflict("Members are in this group and would see the whole city without it; take them out first.")
    subject = _subject_of(group)
    group.delete()
    note_deed(group.city_id, Deed(AuditAction.GROUP_REMOVED, by, now, subject))


@transaction.atomic
def narrow_member(membership: Membership, groups: Iterable[CameraGroup], *, by: User | None, now: datetime) -> bool:
    """Let a member see only the cameras of these groups, the whole city where there are none; say if that is new.

    Raises InvalidInput (groups) for an auditor, who sees all or audits nothing.
    """
    _take_turn(membership.city_id)
    wanted = list(groups)
    if wanted and membership.role == Role.AUDITOR:
        raise InvalidInput("An auditor sees the whole city; choose another role or no groups.", field="groups")
    before = set(groups_of(membership).values_list("pk", flat=True))
    if before == {group.pk for group in wanted}:
        return False
    GroupMember.objects.filter(membership=membership).delete()
    GroupMember.objects.bulk_create(
        GroupMember(city_id=membership.city_id, group=group, membership=membership) for group in wanted
    )
    _narrow_anew([membership.pk])
    membership.refresh_from_db(fields=["narrowed_to"])
    subject = Subject("user", str(membership.user_id), membership.user.get_username())
    facts = {"role": membership.role, "groups": sorted(group.name for group in wanted)}
    note_deed(membership.city_id, Deed(AuditAction.MEMBER_CHANGED, by, now, subject, facts=facts))
    return True


def _take_turn(city_id: UUID) -> None:
    """Let nobody else change groups of this city until the transaction ends; OutsideScope for who sees only a part."""
    check_sees_whole(city_id)
    City.objects.select_for_update(no_key=True).get(pk=city_id)


def _clean_name(name: str) -> str:
    cleaned = name.strip()
    if not cleaned:
        raise InvalidInput("A group needs a name.", field="name")
    return cleaned


def _subject_of(group: CameraGroup) -> Subject:
    return Subject("group", str(group.pk), group.name)


def _save(group: CameraGroup) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        if "one_group_per_city_and_name" not in str(error):
            raise
        raise Conflict("This city already has a group of this name; choose another.", field="name") from error


def _put_cameras(group: CameraGroup, camera_ids: Collection[UUID]) -> dict[str, Any]:
    """Have exactly these cameras in the group, and its members see them; give what the audit log keeps of it."""
    wanted = _find_cameras(group, camera_ids)
    rows = GroupedCamera.objects.filter(group=group)
    before = dict(rows.values_list("camera_id", "camera__name"))
    rows.exclude(camera__in=wanted).delete()
    added = [pk for pk in wanted if pk not in before]
    GroupedCamera.objects.bulk_create(
        GroupedCamera(city_id=group.city_id, group=group, camera_id=camera_id) for camera_id in added
    )
    _narrow_anew(list(GroupMember.objects.filter(group=group).values_list("membership_id", flat=True)))
    gone = [name for pk, name in before.items() if pk not in wanted]
    return {"added": sorted(wanted[pk] for pk in added), "removed": sorted(gone)}


def _find_cameras(group: CameraGroup, camera_ids: Collection[UUID]) -> dict[UUID, str]:
    found = Camera.objects.filter(city=group.city_id, removed_at=None, pk__in=list(camera_ids))
    cameras = dict(found.order_by().values_list("pk", "name"))
    if set(cameras) != set(camera_ids):
        raise InvalidInput("Not all of these cameras are there; list the city's cameras.", field="camera_ids")
    return cameras


def _narrow_anew(membership_ids: Collection[int]) -> None:
    """Write down which cameras these members may see, now that it has changed."""
    cameras: dict[int, set[UUID]] = defaultdict(set)
    members = GroupMember.objects.filter(membership__in=membership_ids).order_by()
    for membership_id, camera_id in members.values_list("membership_id", F("group__cameras__camera_id")):
        cameras[membership_id] |= {camera_id} if camera_id else set()
    for membership_id in membership_ids:
        seen = sorted(cameras[membership_id]) if membership_id in cameras else None
        Membership.objects.filter(pk=membership_id).update(narrowed_to=seen)
