"""Adding, changing and removing cameras."""

from datetime import datetime

import pytest

from cameras.models import Camera, MediaServer
from cameras.queries import cameras_in_scope, find_camera
from cameras.services import add_camera, change_camera, remove_camera, shown_source_url, source_of
from cities.errors import Conflict, InvalidInput, NotThere
from cities.models import City
from cities.scope import city_scope
from recording.models import RecordingSession
from recording.services import switch_recording
from streams.models import Stream
from streams.services import wish_stream
from tests.world import World


@pytest.fixture
def scoped(world: World):
    with city_scope(world.city.pk):
        yield world


def test_credentials_are_split_off_the_address(scoped: World, now: datetime) -> None:
    camera = add_camera(
        scoped.city, name=" Bridge ", source_url="rtsp://op:p%40ss@10.0.0.7:554/live?token=abc", now=now
    )
    assert (camera.name, camera.source_url) == ("Bridge", "rtsp://10.0.0.7:554/live?token=***")
    assert shown_source_url(camera) == "rtsp://10.0.0.7:554/live?token=***"
    assert source_of(camera).full == "rtsp://op:p%40ss@10.0.0.7:554/live?token=abc"


def test_sending_back_the_shown_address_keeps_the_credentials(scoped: World, now: datetime) -> None:
    camera = add_camera(scoped.city, name="Bridge", source_url="rtsp://op:secret@10.0.0.7/live?token=abc", now=now)
    change_camera(camera, name="Old bridge", source_url=shown_source_url(camera), now=now)
    assert (camera.name, source_of(camera).full) == ("Old bridge", "rtsp://op:secret@10.0.0.7/live?token=abc")
    change_camera(camera, source_url="rtsp://10.0.0.8/live", now=now)
    assert (camera.source_credentials, source_of(camera).full) == ("", "rtsp://10.0.0.8/live")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "-i /etc/passwd", "concat:a|b", "rtsp://", "srt://10.0.0.1:9000", "rtsp://a\nb/c"]
)
def test_an_unsafe_address_is_refused_by_its_field(scoped: World, now: datetime, url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_camera(scoped.city, name="Bridge", source_url=url, now=now)
    assert refused.value.field == "source_url"


@pytest.mark.parametrize("name", ["Market square", "MARKET SQUARE", " market square"])
def test_a_name_is_unique_in_its_city_whatever_its_case(scoped: World, now: datetime, name: str) -> None:
    with pytest.raises(Conflict) as refused:
        add_camera(scoped.city, name=name, now=now)
    assert refused.value.field == "name"


def test_two_cities_may_use_one_name(scoped: World, now: datetime) -> None:
    assert add_camera(scoped.city, name="Secret harbour", now=now).city == scoped.city


def test_a_new_camera_goes_to_the_server_with_the_fewest(scoped: World, now: datetime) -> None:
    idle = MediaServer.objects.create(name="idle")
    assert add_camera(scoped.city, name="Bridge", now=now).media_server == idle


def test_without_a_media_server_the_remedy_is_named(now: datetime, db: None) -> None:
    city = City.objects.create(name="Nowhere")
    with city_scope(city.pk), pytest.raises(Conflict, match=r"manage\.py prepare"):
        add_camera(city, name="Bridge", now=now)


@pytest.mark.django_db(transaction=True)
def test_a_removed_camera_ends_its_stream_and_recording_and_keeps_its_past(scoped: World, now: datetime) -> None:
    wish_stream(scoped.camera, now=now)
    switch_recording(scoped.camera, on=True, by=scoped.owner, now=now)
    remove_camera(scoped.camera, by=scoped.owner, now=now)
    removed = Camera.objects.get(pk=scoped.camera.pk)
    assert (removed.removed_at, removed.recording_enabled) == (now, False)
    assert Stream.objects.get(camera=removed).wished is False
    assert RecordingSession.objects.get(camera=removed).ended_at == now
    assert list(cameras_in_scope()) == []
    with pytest.raises(NotThere):
        find_camera(scoped.camera.pk)
    assert add_camera(scoped.city, name="Market square", now=now).pk != scoped.camera.pk


def test_a_foreign_camera_is_not_there(scoped: World) -> None:
    with pytest.raises(NotThere):
        find_camera(scoped.foreign_camera.pk)
