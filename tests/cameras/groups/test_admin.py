"""Groups and the members in them, as a manager makes them by hand."""

from typing import Any

import pytest
from django.test import Client

from cameras.groups.services import make_group, narrow_member
from cameras.models import CameraGroup
from cities.models import Membership, Role, User
from cities.scope import every_city
from tests.world import NOW, World

GROUPS, MEMBERS = "/admin/cameras/cameragroup/", "/admin/cities/membership/"


@pytest.fixture(autouse=True)
def _scope() -> Any:
    with every_city("a test's world spans the cities"):
        yield


def staff(user: User, **flags: bool) -> Client:
    User.objects.filter(pk=user.pk).update(is_staff=True, **flags)
    client = Client()
    client.force_login(user)
    return client


def membership_of(user: User) -> Membership:
    return Membership.objects.get(user=user)


def make(world: World, name: str = "Centre") -> CameraGroup:
    return make_group(world.city, name=name, camera_ids=[world.camera.pk], by=None, now=NOW)


def test_a_manager_makes_changes_and_removes_a_group(world: World) -> None:
    client, city, camera = staff(world.owner), str(world.city.pk), str(world.camera.pk)
    shown = client.get(f"{GROUPS}add/").content.decode()
    assert ("Market square" in shown, "Secret harbour" in shown) == (True, False)
    client.post(f"{GROUPS}add/", {"name": "Centre", "city": city, "cameras": [camera]})
    group = CameraGroup.objects.get()
    assert [row.camera_id for row in group.cameras.all()] == [world.camera.pk]
    assert client.get(GROUPS).status_code == client.get(f"{GROUPS}{group.pk}/change/").status_code == 200
    client.post(f"{GROUPS}{group.pk}/change/", {"name": "Middle", "cameras": []})
    group.refresh_from_db()
    assert (group.name, list(group.cameras.all())) == ("Middle", [])
    client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})
    assert not CameraGroup.objects.exists()


def test_what_the_service_refuses_stands_at_its_field(world: World) -> None:
    make(world)
    client = staff(world.owner)
    answer = client.post(f"{GROUPS}add/", {"name": "CENTRE", "city": str(world.city.pk)})
    assert "name" in answer.context["adminform"].form.errors
    foreign = {"name": "New", "city": str(world.city.pk), "cameras": [str(world.foreign_camera.pk)]}
    assert "cameras" in client.post(f"{GROUPS}add/", foreign).context["adminform"].form.errors


def test_a_manager_puts_a_member_into_groups_and_takes_them_out(world: World) -> None:
    group, client, page = make(world), staff(world.owner), f"{MEMBERS}{membership_of(world.viewer).pk}/change/"
    assert "Centre" in client.get(page).content.decode()
    client.post(page, {"role": "viewer", "groups": [str(group.pk)]})
    assert membership_of(world.viewer).narrowed_to == [world.camera.pk]
    client.post(page, {"role": "operator", "groups": [str(group.pk)]})
    assert (membership_of(world.viewer).role, membership_of(world.viewer).narrowed_to) == (
        "operator",
        [world.camera.pk],
    )
    assert client.post(page, {"role": "auditor", "groups": [str(group.pk)]}).status_code == 200
    assert membership_of(world.viewer).role == "operator"
    client.post(page, {"role": "auditor"})
    assert (membership_of(world.viewer).role, membership_of(world.viewer).narrowed_to) == ("auditor", None)


def test_a_new_member_is_narrowed_from_the_first_moment(world: World) -> None:
    group, newcomer = make(world), User.objects.create_user("newcomer")
    given = {"username": "newcomer", "city": str(world.city.pk), "role": "viewer", "groups": [str(group.pk)]}
    staff(world.owner).post(f"{MEMBERS}add/", given)
    assert membership_of(newcomer).narrowed_to == [world.camera.pk]


def test_a_narrowed_manager_finds_neither_groups_nor_members_and_adds_nothing(world: World) -> None:
    narrow_member(membership_of(world.owner), [make(world)], by=None, now=NOW)
    client = staff(world.owner)
    camera = f"/admin/cameras/camera/{world.camera.pk}"
    refused = [GROUPS, f"{GROUPS}add/", MEMBERS, f"{MEMBERS}add/", "/admin/cameras/camera/add/", f"{camera}/delete/"]
    assert [client.get(page).status_code for page in refused] == [403] * 6
    assert client.get(f"{camera}/change/").status_code == 200
    city = {"city": str(world.city.pk), "days": "9"}
    answer = client.post("/admin/recording/retentionpolicy/add/", city)
    assert "camera" in answer.context["adminform"].form.errors
    own = client.post("/admin/recording/retentionpolicy/add/", city | {"camera": str(world.camera.pk)})
    assert own.status_code == 302


def test_who_administers_the_platform_is_shown_no_names_of_groups_without_a_reason(world: World) -> None:
    group, root = make(world, "Operation Dawn"), User.objects.create_superuser("root")
    narrow_member(membership_of(world.viewer), [group], by=None, now=NOW)
    client, page = staff(root), f"{MEMBERS}{membership_of(world.viewer).pk}/change/"
    assert [("Operation Dawn" in client.get(each).content.decode()) for each in (MEMBERS, page)] == [False, False]
    refused = client.post(page, {"role": "auditor"})
    assert (refused.status_code, membership_of(world.viewer).role) == (200, Role.VIEWER)
    client.post(page, {"role": "operator"})
    assert membership_of(world.viewer).narrowed_to == [world.camera.pk]
