"""Cameras in the administration: made, changed and removed by their services, inside one's own cities."""

import time
from typing import Any

import pytest
from django.test import Client

from cameras.models import Camera, MediaServer
from cameras.services import source_of
from cities.models import Membership, Role
from cities.scope import city_scope, every_city
from streams.models import Stream
from tests.cities.test_admin import staff
from tests.world import World, give_source

LIST = "/admin/cameras/camera/"


def form_of(world: World, **changes: Any) -> dict[str, Any]:
    form = {"name": "New gate", "city": world.city.pk, "location": "North", "source_url": "rtsp://10.0.0.9/live"}
    return form | changes


def all_cameras() -> list[Camera]:
    with every_city("a test looks at everything"):
        return list(Camera.objects.select_related("media_server"))


def test_a_manager_adds_a_camera_whose_password_is_never_shown(world: World) -> None:
    client = staff(world.owner)
    form = form_of(world, source_url="rtsp://user:s3cret-word@10.0.0.9/live")
    assert client.post(f"{LIST}add/", form)["Location"] == LIST
    (camera,) = [each for each in all_cameras() if each.name == "New gate"]
    assert camera.source_url == "rtsp://10.0.0.9/live"
    assert source_of(camera).full == "rtsp://user:s3cret-word@10.0.0.9/live"
    assert camera.media_server == world.server
    shown = client.get(f"{LIST}{camera.pk}/change/").content.decode() + client.get(LIST).content.decode()
    assert ("rtsp://10.0.0.9/live" in shown, "s3cret-word" in shown) == (True, False)
    assert "s3cret-word" not in client.get(f"{LIST}{camera.pk}/history/").content.decode()


@pytest.mark.parametrize("door", [f"{LIST}add/", "/api/v1/cameras"])
def test_an_address_of_half_a_megabyte_is_not_shown_again(world: World, door: str) -> None:
    client = staff(world.owner)
    client.get("/")  # chooses the city
    begun = time.process_time()
    page = client.post(door, form_of(world, source_url="://" * 80_000), headers={"Accept": "text/html"})
    assert (page.status_code, "://://" in page.content.decode()) == (400 if "api" in door else 200, False)
    assert round((time.process_time() - begun) / 10) == 0


def test_the_form_says_the_state_in_plain_words(world: World) -> None:
    page = staff(world.owner).get(f"{LIST}{world.camera.pk}/change/").content.decode()
    assert ("Offline · never seen" in page, "offline&#x27;," in page) == (True, False)


def test_changing_the_name_keeps_the_credentials(world: World) -> None:
    with every_city("a test sets the scene"):
        give_source(world.camera, "rtsp://user:s3cret-word@10.0.0.5/live")
    form = form_of(world, name="Market hall", source_url=world.camera.source_url)
    staff(world.owner).post(f"{LIST}{world.camera.pk}/change/", form)
    camera = next(each for each in all_cameras() if each.pk == world.camera.pk)
    assert (camera.name, source_of(camera).password) == ("Market hall", "s3cret-word")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": "market SQUARE"}, "name", "already has a camera of this name"),
        ({"name": "  "}, "name", "required"),
        ({"source_url": "file:///etc/passwd"}, "source_url", ""),
        ({"source_url": "-i evil"}, "source_url", "option"),
    ],
)
def test_what_is_wrong_stands_at_its_field(world: World, changes: dict[str, str], field: str, words: str) -> None:
    answer = staff(world.owner).post(f"{LIST}add/", form_of(world, **changes))
    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    assert words in str(errors[field])
    assert len(all_cameras()) == 2


def test_the_words_at_the_field_speak_the_reader_s_language(world: World) -> None:
    form = form_of(world, name="Market square")
    answer = staff(world.owner).post(f"{LIST}add/", form, headers={"Accept-Language": "pt-br"})
    assert answer.context["adminform"].form.errors["name"] == [
        "Esta cidade já tem uma câmera com este nome; escolha outro."
    ]


def test_without_a_media_server_the_form_says_so(world: World) -> None:
    with every_city("a test sets the scene"):
        Camera.objects.all().delete()
    MediaServer.objects.all().delete()
    answer = staff(world.owner).post(f"{LIST}add/", form_of(world))
    assert "no media server" in str(answer.context["adminform"].form.non_field_errors())


def test_nobody_adds_a_camera_to_a_city_that_is_not_theirs(world: World) -> None:
    client = staff(world.owner)
    answer = client.post(f"{LIST}add/", form_of(world, city=world.other_city.pk))
    assert list(answer.context["adminform"].form.errors) == ["city"]
    assert "Boreal" not in answer.content.decode()


def test_a_viewer_of_a_second_city_adds_no_camera_there(world: World) -> None:
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=world.owner, city=world.other_city, role=Role.OPERATOR)
    client = staff(world.owner)
    answer = client.post(f"{LIST}add/", form_of(world, city=world.other_city.pk))
    assert list(answer.context["adminform"].form.errors) == ["city"]
    assert client.get(f"{LIST}{world.foreign_camera.pk}/change/").status_code == 200
    form = form_of(world, name="Taken over")
    assert client.post(f"{LIST}{world.foreign_camera.pk}/change/", form).status_code == 403
    assert client.post(f"{LIST}{world.foreign_camera.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {
        "action": "delete_selected",
        "_selected_action": [world.camera.pk, world.foreign_camera.pk],
        "post": "yes",
    }
    assert client.post(LIST, chosen).status_code == 403
    assert [camera.removed_at for camera in all_cameras()] == [None, None]


def test_a_camera_never_moves_to_another_city(world: World) -> None:
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=world.owner, city=world.other_city, role=Role.MANAGER)
    form = form_of(world, name="Moved", city=world.other_city.pk)
    staff(world.owner).post(f"{LIST}{world.camera.pk}/change/", form)
    camera = next(each for each in all_cameras() if each.pk == world.camera.pk)
    assert (camera.name, camera.city_id) == ("Moved", world.city.pk)


@pytest.mark.parametrize("who", ["viewer", "operator"])
def test_who_is_no_manager_looks_only(world: World, who: str) -> None:
    client = staff(getattr(world, who))
    own = f"{LIST}{world.camera.pk}/"
    assert client.get(LIST).status_code == 200
    assert client.get(f"{own}change/").status_code == 200
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{own}change/", form_of(world)).status_code == 403
    assert client.post(f"{own}delete/", {"post": "yes"}).status_code == 403
    client.post(LIST, {"action": "delete_selected", "_selected_action": [world.camera.pk], "post": "yes"})
    assert [camera.removed_at for camera in all_cameras()] == [None, None]


@pytest.mark.parametrize("page", ["change/", "delete/", "history/"])
def test_a_foreign_camera_does_not_exist(world: World, page: str) -> None:
    answer = staff(world.owner).get(f"{LIST}{world.foreign_camera.pk}/{page}", follow=True)
    assert [word for word in ("Secret harbour", "10.9.9.9", "Boreal") if word in answer.content.decode()] == []


@pytest.mark.django_db(transaction=True)
def test_deleting_removes_softly_and_ends_what_runs(world: World) -> None:
    client = staff(world.owner)
    client.post(f"{LIST}{world.camera.pk}/recording/", {"on": "1"})
    question = client.get(f"{LIST}{world.camera.pk}/delete/").content.decode()
    assert "its recordings stay" in question
    client.post(f"{LIST}{world.camera.pk}/delete/", {"post": "yes"})
    with city_scope(world.city.pk):
        camera = Camera.objects.get(pk=world.camera.pk)
        assert (camera.removed_at is None, camera.recording_enabled) == (False, False)
        assert camera.sessions.get().ended_at is not None
        assert Stream.objects.get().wished is False
    assert f"{LIST}{world.camera.pk}/" not in client.get(LIST).content.decode()


@pytest.mark.django_db(transaction=True)
def test_several_are_removed_at_once_but_never_a_foreign_one(world: World) -> None:
    chosen = {
        "action": "delete_selected",
        "_selected_action": [world.camera.pk, world.foreign_camera.pk],
        "post": "yes",
    }
    staff(world.owner).post(LIST, chosen)
    removed = {camera.name: camera.removed_at is not None for camera in all_cameras()}
    assert removed == {"Market square": True, "Secret harbour": False}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", True),
        ("q=market", True),
        ("q=nowhere", False),
        ("state=offline", True),
        ("state=online", False),
        ("state=unknown", False),
        ("recording_enabled__exact=1", False),
        ("state=bogus&city=bogus", True),
    ],
)
def test_the_list_can_be_searched_and_filtered(world: World, query: str, shown: bool) -> None:  # noqa: FBT001 -- a test's expectation
    page = staff(world.viewer).get(f"{LIST}?{query}").content.decode()
    assert (f"/admin/cameras/camera/{world.camera.pk}/" in page) is shown


@pytest.mark.parametrize(
    "query", ["city={other}", "city__id__exact={other}", "city__name=Boreal", "media_server__api_url__startswith=http"]
)
def test_no_filter_reaches_into_another_city(world: World, query: str) -> None:
    answer = staff(world.owner).get(f"{LIST}?{query.format(other=world.other_city.pk)}", follow=True)
    assert "Secret harbour" not in answer.content.decode()


def test_unknown_is_shown_as_unknown_since_when(world: World, now: Any) -> None:
    MediaServer.objects.update(reach=MediaServer.Reach.UNREACHABLE, reach_changed_at=now)
    assert "Unknown since 27 Jan 2026 09:00" in staff(world.viewer).get(LIST).content.decode()


def test_the_list_costs_the_same_whatever_the_number_of_cameras(
    world: World, django_assert_max_num_queries: Any
) -> None:
    client, costs = staff(world.operator), []
    client.get(LIST)
    for count in (0, 2):
        with city_scope(world.city.pk):
            for number in range(count):
                Camera.objects.create(city=world.city, media_server=world.server, name=f"Street {number}")
        with django_assert_max_num_queries(30) as queries:
            client.get(LIST)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_stranger_sees_their_own_cameras_only(world: World) -> None:
    page = staff(world.stranger).get(LIST).content.decode()
    assert ("Secret harbour" in page, "Market square" in page, "hunter2" in page) == (True, False, False)


def test_media_servers_are_the_platform_s(world: World) -> None:
    assert staff(world.owner).get(f"/admin/cameras/mediaserver/{world.server.pk}/change/").status_code == 403
    superuser: Client = staff(world.operator, is_superuser=True)
    assert superuser.get(f"/admin/cameras/mediaserver/{world.server.pk}/change/").status_code == 200


@pytest.mark.parametrize(
    ("field", "mistyped"),
    [
        ("rtsp_url", "rtsp://10.0.0.9:85544"),
        ("rtsp_url", "http://10.0.0.9:8554"),
        ("api_url", "http://[::1:9997"),
        ("public_hls_url", "vms.example:8888"),
        ("public_webrtc_url", "https://"),
    ],
)
def test_a_mistyped_address_of_a_media_server_is_refused(world: World, field: str, mistyped: str) -> None:
    page = f"/admin/cameras/mediaserver/{world.server.pk}/change/"
    addresses = ["api_url", "rtsp_url", "public_rtsp_url", "public_hls_url", "public_webrtc_url"]
    data = {name: getattr(world.server, name) for name in ["name", "recordings_root", *addresses]} | {field: mistyped}
    answer = staff(world.operator, is_superuser=True).post(page, data)
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
