"""Mosaics in the administration: renamed and removed by operators, never across cities."""

from typing import Any

from django.test import Client

from cities.models import AuditAction, AuditEntry, City, Membership, Role, User
from cities.scope import city_scope, every_city
from mosaics.arrangements import Arrangement, Tile
from mosaics.models import Mosaic
from mosaics.services import create_mosaic
from tests.world import NOW, World

LIST = "/admin/mosaics/mosaic/"


def staff(user: User) -> Client:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client = Client()
    client.force_login(user)
    return client


def keep(city: City, name: str) -> Mosaic:
    with city_scope(city.pk):
        return create_mosaic(city, Arrangement(name, 2, 3, 0, []), by=None, now=NOW)


def change(client: Client, mosaic: Mosaic, **more: Any) -> Any:
    form = {"name": mosaic.name, "rows": 2, "columns": 3, "rotation_seconds": 0, "revision_seen": 1, **more}
    return client.post(f"{LIST}{mosaic.pk}/change/", form)


def read(mosaic: Mosaic) -> tuple[str, int, int]:
    with every_city("a test looks at what was written"):
        mosaic.refresh_from_db()
    return mosaic.name, mosaic.rotation_seconds, mosaic.revision


def test_an_operator_renames_a_mosaic_and_its_revision_grows(world: World) -> None:
    mosaic = keep(world.city, "Night shift")
    assert change(staff(world.operator), mosaic, name="Day shift", rotation_seconds=10).status_code == 302
    assert read(mosaic) == ("Day shift", 10, 2)


def test_what_makes_no_wall_stands_at_its_field(world: World) -> None:
    mosaic, client = keep(world.city, "Night shift"), staff(world.operator)
    keep(world.city, "Day shift")
    for wrong in ({"name": "DAY shift"}, {"rows": 7}, {"columns": 0}, {"rotation_seconds": 3}):
        assert change(client, mosaic, **wrong).status_code == 200
    assert read(mosaic) == ("Night shift", 0, 1)


def test_an_operator_finds_the_own_citys_mosaics_only(world: World) -> None:
    own, foreign = keep(world.city, "Night shift"), keep(world.other_city, "Secret wall")
    client = staff(world.operator)
    page = client.get(LIST).content.decode()
    assert ("Night shift" in page, "Secret wall" in page, f"/?mosaic={own.pk}" in page) == (True, False, True)
    assert change(client, foreign, name="Mine").status_code == 302
    assert client.post(f"{LIST}{foreign.pk}/delete/", {"post": "yes"}).status_code == 302
    assert read(foreign) == ("Secret wall", 0, 1)


def test_a_form_that_was_opened_before_another_s_change_is_refused(world: World) -> None:
    mosaic, client = keep(world.city, "Night shift"), staff(world.operator)
    assert 'name="revision_seen" value="1"' in client.get(f"{LIST}{mosaic.pk}/change/").content.decode()
    change(client, mosaic, name="Day shift")
    answer = change(client, mosaic, name="Late shift")
    assert "Somebody changed this mosaic meanwhile" in answer.content.decode()
    assert read(mosaic) == ("Day shift", 0, 2)


def test_a_viewer_looks_at_a_mosaic(world: World) -> None:
    mosaic, client = keep(world.city, "Night shift"), staff(world.viewer)
    page = client.get(f"{LIST}{mosaic.pk}/change/")
    assert (page.status_code, "revision_seen" in page.content.decode()) == (200, False)
    assert change(client, mosaic, name="Mine").status_code == 403


def test_an_operator_removes_mosaics_one_by_one_and_several_at_once(world: World) -> None:
    names, client = ("Night shift", "Day shift", "Late shift"), staff(world.operator)
    one, *more = [keep(world.city, name) for name in names]
    assert client.post(f"{LIST}{one.pk}/delete/", {"post": "yes"}).status_code == 302
    chosen = {"action": "delete_selected", "_selected_action": [str(mosaic.pk) for mosaic in more], "post": "yes"}
    assert client.post(LIST, chosen).status_code == 302
    with every_city("a test looks at what was written"):
        assert Mosaic.objects.count() == 0
        gone = AuditEntry.objects.filter(action=AuditAction.MOSAIC_REMOVED, actor="operator")
        assert sorted(gone.values_list("subject", flat=True)) == sorted(names)


def test_who_sees_only_some_cameras_finds_no_mosaic_here(world: World) -> None:
    with city_scope(world.city.pk):
        mosaic = create_mosaic(
            world.city, Arrangement("Night shift", 2, 3, 0, [Tile(0, world.camera.pk)]), by=None, now=NOW
        )
        Membership.objects.filter(user=world.operator).update(narrowed_to=[world.camera.pk])
    client = staff(world.operator)
    assert client.get(LIST).status_code == 403
    assert change(client, mosaic, name="Mine").status_code == 403
    assert client.post(f"{LIST}{mosaic.pk}/delete/", {"post": "yes"}).status_code == 403
    with every_city("a test gives a second place"):
        Membership.objects.create(user=world.operator, city=world.other_city, role=Role.OPERATOR)
    other = keep(world.other_city, "Harbour shift")
    page = client.get(LIST).content.decode()
    assert ("Harbour shift" in page, "Night shift" in page) == (True, False)
    chosen = {"action": "delete_selected", "_selected_action": [str(mosaic.pk), str(other.pk)], "post": "yes"}
    assert client.post(LIST, chosen).status_code == 302
    with every_city("a test looks at what was written"):
        assert list(Mosaic.objects.values_list("name", flat=True)) == ["Night shift"]
