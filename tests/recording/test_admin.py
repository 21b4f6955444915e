"""The recording switch in the administration: per row and for several at once, by role and by city."""

import pytest
from django.test import Client

from cameras.models import Camera
from cities.models import Membership, Role
from cities.scope import city_scope, every_city
from recording.models import RecordingSession, Segment, Storage
from streams.models import Stream
from tests.cities.test_admin import staff
from tests.world import NOW, World

LIST = "/admin/cameras/camera/"
pytestmark = pytest.mark.django_db(transaction=True)


def recording_cameras() -> list[str]:
    with every_city("a test looks at everything"):
        return [camera.name for camera in Camera.objects.filter(recording_enabled=True)]


def test_an_operator_switches_in_the_row_and_comes_back_to_the_same_list(world: World) -> None:
    client, url = staff(world.operator), f"{LIST}{world.camera.pk}/recording/"
    assert client.post(url, {"on": "1", "next": f"{LIST}?q=market"})["Location"] == f"{LIST}?q=market"
    with city_scope(world.city.pk):
        session = RecordingSession.objects.get()
        assert (session.started_by_id, session.ended_at, Stream.objects.get().wished) == (world.operator.pk, None, True)
    assert 'aria-checked="true"' in client.get(LIST).content.decode()
    client.post(url, {"on": "0"})
    assert recording_cameras() == []
    assert "Recording switched off." in client.get(f"{LIST}{world.camera.pk}/history/").content.decode()


@pytest.mark.parametrize(
    ("who", "camera", "status"),
    [("viewer", "camera", 403), ("owner", "foreign_camera", 404), ("stranger", "camera", 404)],
)
def test_who_may_not_switch_changes_nothing(world: World, who: str, camera: str, status: int) -> None:
    client = staff(getattr(world, who))
    assert client.post(f"{LIST}{getattr(world, camera).pk}/recording/", {"on": "1"}).status_code == status
    assert recording_cameras() == []


def test_who_is_not_staff_does_not_switch_here(world: World) -> None:
    client = Client()
    client.force_login(world.owner)
    client.post(f"{LIST}{world.camera.pk}/recording/", {"on": "1"})
    assert recording_cameras() == []


def test_switching_needs_a_post_a_token_and_a_meaning(world: World) -> None:
    client, url = staff(world.operator), f"{LIST}{world.camera.pk}/recording/"
    assert client.get(url).status_code == 405
    assert client.post(url, {"on": "maybe"}).status_code == 400
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.operator)
    assert strict.post(url, {"on": "1"}).status_code == 403
    assert recording_cameras() == []


def test_a_viewer_sees_words_and_an_operator_a_switch(world: World) -> None:
    assert 'role="switch"' not in staff(world.viewer).get(LIST).content.decode()
    assert 'role="switch"' in staff(world.operator).get(LIST).content.decode()


def choose(action: str, *cameras: Camera) -> dict[str, object]:
    return {"action": action, "_selected_action": [str(camera.pk) for camera in cameras]}


def test_bulk_actions_leave_foreign_cameras_alone(world: World) -> None:
    client = staff(world.operator)
    both = (world.camera, world.foreign_camera)
    client.post(LIST, choose("switch_recording_on", *both))
    assert recording_cameras() == ["Market square"]
    client.post(LIST, choose("switch_recording_off", *both))
    assert recording_cameras() == []
    client.post(LIST, choose("start_streams", *both))
    with every_city("a test looks at everything"):
        assert [stream.camera_id for stream in Stream.objects.filter(wished=True)] == [world.camera.pk]
    client.post(LIST, choose("stop_streams", *both))
    with every_city("a test looks at everything"):
        assert list(Stream.objects.filter(wished=True)) == []


def test_where_recording_is_refused_the_switch_says_why_and_the_wish_stays(world: World) -> None:
    Storage.objects.create(media_server=world.server, refuses_since=NOW)
    client, url = staff(world.operator), f"{LIST}{world.camera.pk}/recording/"
    for answer in (
        client.post(url, {"on": "1", "next": LIST}, follow=True),
        client.post(LIST, choose("switch_recording_on", world.camera), follow=True),
    ):
        assert "This media server records nothing: only held footage is left" in answer.content.decode()
    assert recording_cameras() == []
    assert "Recording switched on." not in client.get(f"{LIST}{world.camera.pk}/history/").content.decode()


@pytest.mark.parametrize("action", ["switch_recording_on", "start_streams"])
def test_a_viewer_has_no_bulk_action(world: World, action: str) -> None:
    client = staff(world.viewer)
    client.post(LIST, choose(action, world.camera))
    assert recording_cameras() == []
    with city_scope(world.city.pk):
        assert list(Stream.objects.all()) == []


def test_in_a_city_where_one_only_views_a_bulk_action_says_what_it_left(world: World) -> None:
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=world.operator, city=world.other_city, role=Role.VIEWER)
    chosen = choose("switch_recording_on", world.camera, world.foreign_camera)
    answer = staff(world.operator).post(LIST, chosen, follow=True)
    assert recording_cameras() == ["Market square"]
    assert "1 camera was left as it is" in answer.content.decode()


def test_sessions_are_looked_at_only(world: World) -> None:
    client = staff(world.owner)
    client.post(f"{LIST}{world.camera.pk}/recording/", {"on": "1"})
    with city_scope(world.city.pk):
        session = RecordingSession.objects.get()
    page = f"/admin/recording/recordingsession/{session.pk}/"
    assert client.get("/admin/recording/recordingsession/").status_code == 200
    assert client.get(f"{page}change/").status_code == 200
    assert client.post(f"{page}change/", {"status": "OFF"}).status_code == 403
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/recording/recordingsession/add/").status_code == 403
    stranger = staff(world.stranger)
    assert "Market square" not in stranger.get("/admin/recording/recordingsession/").content.decode()
    assert "Market square" not in stranger.get(f"{page}change/", follow=True).content.decode()


def test_segments_are_looked_at_in_ones_own_city_only(world: World) -> None:
    with every_city("a test writes rows of both cities"):
        for camera in (world.camera, world.foreign_camera):
            Segment.objects.create(
                camera=camera,
                city=camera.city,
                media_server=world.server,
                start=NOW,
                end=NOW,
                size=0,
                whole_bytes=0,
                file=f"{camera.stream_id}/2026-01-27_12-00-00-000000.mp4",
                state="damaged",
                damage="empty",
                indexed_at=NOW,
            )
        mine, other = (Segment.objects.get(camera=camera) for camera in (world.camera, world.foreign_camera))
    client = staff(world.viewer)
    page = client.get("/admin/recording/segment/?state__exact=damaged").content.decode()
    assert (world.camera.name in page, world.foreign_camera.name in page) == (True, False)
    assert client.get(f"/admin/recording/segment/{mine.pk}/change/").status_code == 200
    assert client.get(f"/admin/recording/segment/{other.pk}/change/").status_code == 302
    assert staff(world.owner).post(f"/admin/recording/segment/{mine.pk}/delete/").status_code == 403
