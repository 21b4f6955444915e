"""Reads of groups; who sees only some cameras of a city finds none of its groups."""

from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet

from cameras.models import CameraGroup, GroupMember
from cities.errors import NotThere
from cities.models import Membership


def list_groups() -> QuerySet[CameraGroup]:
    """Give the groups in scope by name, each with `camera_ids`: those of its cameras that are there."""
    there = Q(cameras__isnull=False, cameras__camera__removed_at=None)
    ids = ArrayAgg("cameras__camera_id", filter=there, default=[], order_by="cameras__camera_id")
    return CameraGroup.objects.annotate(camera_ids=ids).order_by("name", "id")


def list_group_names() -> list[CameraGroup]:
    """Give the groups in scope by name, for a choice of one."""
    return list(CameraGroup.objects.order_by("name", "id"))


def find_group(group_id: UUID) -> CameraGroup:
    """Give one group as `list_groups` does; NotThere if there is none in scope."""
    group = list_groups().filter(pk=group_id).first()
    if group is None:
        raise NotThere(f"no group {group_id}")
    return group


def groups_of(membership: Membership) -> QuerySet[CameraGroup]:
    """Give the groups that a member was put into; none: the member sees the whole city."""
    members = GroupMember.objects.filter(membership=membership)
    return CameraGroup.objects.filter(pk__in=members.values("group"))
