"""Groups, who is in them, and what the membership says of it."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from cameras.groups.services import change_group, make_group, narrow_member, remove_group
from cameras.models import Camera, CameraGroup, GroupedCamera
from cities.errors import Conflict, InvalidInput
from cities.models import AuditEntry, Membership, Role, User
from cities.scope import OutsideScope, city_scope, every_city, narrowed_to
from tests.world import NOW, World


@pytest.fixture(autouse=True)
def _scope(world: World) -> Any:
    with city_scope(world.city.pk):
        yield


def make(world: World, name: str, *cameras: Camera) -> CameraGroup:
    ids = [camera.pk for camera in cameras]
    return make_group(world.city, name=name, camera_ids=ids, by=world.owner, now=NOW)


def change(world: World, group: CameraGroup, *cameras: Camera) -> CameraGroup:
    ids = [camera.pk for camera in cameras]
    return change_group(group, name=group.name, camera_ids=ids, by=world.owner, now=NOW)


def narrow(world: World, *groups: CameraGroup, person: User | None = None) -> list[Any] | None:
    membership = Membership.objects.get(user=person or world.viewer)
    narrow_member(membership, groups, by=world.owner, now=NOW)
    return seen_by(person or world.viewer)


def seen_by(person: User) -> list[Any] | None:
    return Membership.objects.get(user=person).narrowed_to


def another(world: World) -> Camera:
    return Camera.objects.create(city=world.city, media_server=world.server, name="Quiet alley")


def deeds() -> list[tuple[str, str, Any]]:
    with every_city("a test reads the log"):
        return list(AuditEntry.objects.order_by("number").values_list("action", "subject", "facts"))


def test_a_member_sees_the_cameras_of_all_their_groups_and_the_whole_city_without(world: World) -> None:
    other = another(world)
    centre, alleys = make(world, "Centre", world.camera), make(world, "Alleys", other)
    assert seen_by(world.viewer) is None
    assert narrow(world, centre) == [world.camera.pk]
    assert narrow(world, centre, alleys) == sorted([world.camera.pk, other.pk])
    assert seen_by(world.operator) is None
    assert narrow(world) is None


def test_a_group_without_cameras_shows_none(world: World) -> None:
    assert narrow(world, make(world, "Empty")) == []


def test_changing_a_group_changes_what_its_members_see(world: World) -> None:
    other, centre = another(world), make(world, "Centre", world.camera)
    narrow(world, centre)
    change(world, centre, other)
    assert seen_by(world.viewer) == [other.pk]
    change(world, centre)
    assert seen_by(world.viewer) == []


def test_a_group_with_members_stays(world: World) -> None:
    centre = make(world, "Centre", world.camera)
    narrow(world, centre)
    with pytest.raises(Conflict):
        remove_group(centre, by=world.owner, now=NOW)
    narrow(world)
    remove_group(centre, by=world.owner, now=NOW)
    assert not CameraGroup.objects.exists()


def test_an_auditor_is_not_narrowed(world: World) -> None:
    centre = make(world, "Centre", world.camera)
    Membership.objects.filter(user=world.viewer).update(role=Role.AUDITOR)
    with pytest.raises(InvalidInput):
        narrow(world, centre)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(user=world.viewer).update(narrowed_to=[])


def test_names_are_given_and_unique_and_cameras_are_the_city_s(world: World) -> None:
    make(world, " Centre ")
    for name, error in (("centre", Conflict), (" ", InvalidInput)):
        with pytest.raises(error):
            make(world, name)
    with pytest.raises(InvalidInput) as refused:
        make(world, "Harbour", world.foreign_camera)
    assert refused.value.field == "camera_ids"


def test_a_foreign_camera_comes_into_no_group_by_hand_either(world: World) -> None:
    group = make(world, "Centre")
    GroupedCamera.objects.create(city=world.city, group=group, camera=world.foreign_camera)
    with pytest.raises(IntegrityError):
        connection.check_constraints()


def test_who_sees_some_cameras_changes_no_group(world: World) -> None:
    with narrowed_to({world.city.pk: frozenset([world.camera.pk])}), pytest.raises(OutsideScope):
        make(world, "Centre", world.camera)


def test_the_audit_log_keeps_what_was_done(world: World) -> None:
    centre = make(world, "Centre", world.camera)
    narrow(world, centre)
    narrow(world, centre)
    change(world, centre)
    narrow(world)
    remove_group(centre, by=world.owner, now=NOW)
    assert deeds() == [
        ("group_made", "Centre", {"added": ["Market square"], "removed": []}),
        ("member_changed", "viewer", {"role": "viewer", "groups": ["Centre"]}),
        ("group_changed", "Centre", {"added": [], "removed": ["Market square"]}),
        ("member_changed", "viewer", {"role": "viewer", "groups": []}),
        ("group_removed", "Centre", {}),
    ]
