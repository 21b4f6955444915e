"""Adding and changing a camera on its page."""

import pytest
from django.utils import timezone

from cameras.models import Camera
from cameras.services import source_of
from cities.scope import city_scope
from recording.models import Storage
from streams.models import Stream
from tests.inventory.conftest import signed_in
from tests.world import World, give_source

NEW = {"name": "North gate", "location": "Main street", "source_url": "rtsp://10.0.0.8/live", "username": "admin"}
NEW |= {"password": "s@same/1", "record": "1"}


def test_a_camera_is_added_pulled_and_recorded_at_once(world: World) -> None:
    answer = signed_in(world.owner).post("/cameras/new", NEW, follow=True)
    assert "North gate was added." in answer.content.decode()
    with city_scope(world.city.pk):
        camera = Camera.objects.get(name="North gate")
        assert (camera.location, camera.source_url, camera.recording_enabled) == (
            "Main street",
            "rtsp://10.0.0.8/live",
            True,
        )
        assert source_of(camera).full == "rtsp://admin:s%40same%2F1@10.0.0.8/live"
        assert Stream.objects.filter(camera=camera, wished=True).exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": " "}, "A camera needs a name."),
        ({"name": "market SQUARE"}, "This city already has a camera of this name"),
        ({"source_url": "rtsp://127.0.0.1/"}, "leads to this machine itself"),
        ({"source_url": ""}, "There is a user name or password without an address"),
        ({"source_url": "rtsp://a:b@c:d@10.0.0.8/"}, "more than one"),
        ({"location": "x" * 201}, "This is too long; shorten it."),
        ({"name": "bad\x07bell"}, "There is an invisible or broken character"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_no_password_is_repeated(
    world: World, change: dict[str, str], words: str
) -> None:
    answer = signed_in(world.owner).post("/cameras/new", NEW | change)
    page = answer.content.decode()
    assert (answer.status_code, words in page, "s@same" in page) == (422, True, False)
    with city_scope(world.city.pk):
        assert Camera.objects.count() == 1


def test_where_recording_is_refused_nothing_is_added(world: World) -> None:
    Storage.objects.create(media_server=world.server, refuses_since=timezone.now())
    answer = signed_in(world.owner).post("/cameras/new", NEW)
    assert "This media server records nothing" in answer.content.decode()
    with city_scope(world.city.pk):
        assert Camera.objects.count() == 1


def test_the_form_may_be_filled_by_its_address_without_secrets(world: World) -> None:
    asked = {"name": "Gate", "source_url": "rtsp://admin:sesame@10.0.0.9/live"}
    page = signed_in(world.owner).get("/cameras/new", asked).content.decode()
    assert 'value="rtsp://10.0.0.9/live"' in page
    assert "sesame" not in page.replace("source_url=", "").partition("<main")[2]


def test_a_change_of_the_name_keeps_the_credentials(world: World) -> None:
    with city_scope(world.city.pk):
        give_source(world.camera, "rtsp://admin:sesame@10.0.0.5/live")
    client, path = signed_in(world.owner), f"/cameras/{world.camera.pk}/edit"
    page = client.get(path).content.decode()
    assert ('value="rtsp://10.0.0.5/live"' in page, "sesame" in page) == (True, False)
    client.post(path, {"name": "Old market", "location": "", "source_url": "rtsp://10.0.0.5/live"})
    with city_scope(world.city.pk):
        camera = Camera.objects.get(pk=world.camera.pk)
        assert (camera.name, source_of(camera).full) == ("Old market", "rtsp://admin:sesame@10.0.0.5/live")


def test_a_camera_of_another_city_is_not_there(world: World) -> None:
    path = f"/cameras/{world.foreign_camera.pk}/edit"
    assert signed_in(world.owner).get(path).status_code == 404
    assert signed_in(world.owner).post(path, {"name": "Mine"}).status_code == 404
