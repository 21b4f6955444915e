"""The wall of cameras: who sees which, what it says, and what it costs the database."""

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertRedirects

from cameras.models import Camera, MediaServer
from cities.models import City, Membership, Role, User
from cities.scope import city_scope, every_city
from observers.models import Alarm
from recording.models import RecordingSession, Storage
from streams.access.tokens import read_token
from tests.world import NOW, World

JSON = {"Accept": "application/json"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def states(client: Client, *cameras: Camera, **headers: str) -> Any:
    return client.get("/wall/states", {"ids": ",".join(str(camera.pk) for camera in cameras)}, headers=headers)


def add_cameras(world: World, count: int) -> list[Camera]:
    with city_scope(world.city.pk):
        return [
            Camera.objects.create(city=world.city, media_server=world.server, name=f"Street {number:03}")
            for number in range(count)
        ]


def without_echoes(answer: Any) -> str:
    """The body without tokens made anew each time and without the id that was asked for."""
    return re.sub(r'[0-9a-f-]{36}|value="\w{64}"', "", answer.content.decode())


def test_a_member_gets_the_address_of_a_live_picture(world: World) -> None:
    answer = signed_in(world.viewer).get(f"/cameras/{world.camera.pk}/live")
    address = urlsplit(answer.json()["hls_url"])
    assert (address.netloc, address.path) == ("vms.example:8888", f"/stream_{world.camera.pk}/index.m3u8")
    grant = read_token(address.query.removeprefix("token="))
    assert grant is not None
    assert (grant.action, grant.camera_id, grant.user_id) == ("read", world.camera.pk, world.viewer.pk)
    assert answer["Cache-Control"] == "no-store"


def test_nobody_gets_the_address_of_another_citys_picture(world: World) -> None:
    assert Client().get(f"/cameras/{world.camera.pk}/live").status_code == 401
    for camera_id in (world.foreign_camera.pk, uuid4()):
        assert signed_in(world.viewer).get(f"/cameras/{camera_id}/live").status_code == 404
    assert "token=" not in signed_in(world.viewer).get("/").content.decode()


def test_who_is_not_signed_in_is_asked_to(world: World) -> None:
    assertRedirects(Client().get("/"), "/login/?next=/")


def test_a_member_sees_their_city_and_nothing_of_another(world: World) -> None:
    page = signed_in(world.viewer).get("/").content.decode()
    assert "Market square" in page
    assert [
        word for word in ("Secret harbour", str(world.foreign_camera.pk), "Boreal", "hunter2") if word in page
    ] == []


def test_a_stranger_sees_their_own_city_only(world: World) -> None:
    page = signed_in(world.stranger).get("/").content.decode()
    assert "Secret harbour" in page
    assert [
        word for word in ("Market square", str(world.camera.pk), "Aurora", "hunter2", "10.9.9.9") if word in page
    ] == []


def test_who_belongs_to_no_city_is_told_what_to_do(world: World) -> None:
    page = signed_in(User.objects.create_user("newcomer")).get("/").content.decode()
    assert "You belong to no city yet" in page
    assert "Aurora" not in page


def test_an_empty_city_says_what_to_do_next(world: World) -> None:
    city = City.objects.create(name="Clara")
    with city_scope(city.pk):
        membership = Membership.objects.create(user=world.stranger, city=city, role=Role.OPERATOR)
    client = signed_in(world.stranger)
    client.post("/city", {"city": str(city.pk)})
    assert "A manager of this city can add them" in client.get("/").content.decode()
    with city_scope(city.pk):
        Membership.objects.filter(pk=membership.pk).update(role=Role.MANAGER)
    assert 'href="/cameras/new"' in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["Market square", "Street 000", "Street 001"]),
        ("q=STREET", ["Street 000", "Street 001"]),
        ("q=dock", ["Street 001"]),
        ("state=online", ["Street 000"]),
        ("state=offline", ["Market square"]),
        ("state=unknown", ["Street 001"]),
        ("recording=on", ["Market square"]),
        ("recording=off&q=1", ["Street 001"]),
        ("q=%00nobody&state=bogus&recording=&page=bogus", []),
    ],
)
def test_the_wall_can_be_searched(world: World, query: str, shown: list[str]) -> None:
    first, second = add_cameras(world, 2)
    away = MediaServer.objects.create(name="away", reach=MediaServer.Reach.UNREACHABLE)
    with every_city("a test sets the scene"):
        Camera.objects.filter(pk=first.pk).update(is_online=True)
        Camera.objects.filter(pk=second.pk).update(media_server=away, location="Old dock", is_online=True)
        Camera.objects.filter(pk=world.camera.pk).update(recording_enabled=True)
    response = signed_in(world.viewer).get(f"/?{query}")
    assert [card.name for _, card in response.context["placed"]] == shown


def test_a_thousand_cameras_come_in_pages(world: World) -> None:
    with city_scope(world.city.pk):
        Camera.objects.bulk_create(
            Camera(city=world.city, media_server=world.server, name=f"Street {number:04}") for number in range(999)
        )
    response = signed_in(world.viewer).get("/?q=street&page=21")
    assert (len(response.context["placed"]), response.context["page"].paginator.num_pages) == (39, 21)
    assert response.context["counts"].total == 1000
    assert "?q=street&amp;page=20" in response.content.decode()


def test_text_of_people_is_never_markup(world: World) -> None:
    with every_city("a test sets the scene"):
        Camera.objects.filter(pk=world.camera.pk).update(name="<script>alert(1)</script>", location='"><img src=x>')
    page = signed_in(world.viewer).get("/?q=%22%3E%3Cscript%3E").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


def test_the_page_runs_our_files_only_and_pictures_of_our_media_servers(world: World) -> None:
    response = signed_in(world.viewer).get("/")
    policy = dict(rule.split(" ", 1) for rule in response["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == "'self'"
    assert policy["media-src"] == "'self' blob: http://vms.example:8888 http://vms.example:8889"
    page = response.content.decode()
    assert [mark for mark in ("<style", " style=", " onclick=", "<script>", "javascript:") if mark in page] == []


@pytest.mark.parametrize("path", ["/", "/wall/states"])
def test_the_wall_costs_the_same_whatever_the_number_of_cameras(
    world: World, path: str, django_assert_max_num_queries: Any
) -> None:
    client, costs = signed_in(world.viewer), []
    client.get("/")  # the first visit writes the chosen city into the session
    for count in (0, 2):
        cameras = [world.camera, *add_cameras(world, count)]
        client.get("/")  # whose live pictures are watched is written down once
        with django_assert_max_num_queries(20) as queries:
            client.get(path, {"ids": ",".join(str(camera.pk) for camera in cameras)})
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_the_states_themselves_are_two_queries(world: World, django_assert_max_num_queries: Any) -> None:
    client = signed_in(world.viewer)
    client.get("/")
    with django_assert_max_num_queries(20) as queries:
        states(client, world.camera)
    assert len([query for query in queries if "cameras_camera" in query["sql"]]) == 2


def test_states_hold_one_s_own_cameras_and_counts_only(world: World) -> None:
    answer = states(signed_in(world.viewer), world.camera, world.foreign_camera)
    body = answer.json()
    assert list(body["cameras"]) == [str(world.camera.pk)]
    assert body["counts"] == {"total": 1, "online": 0, "offline": 1, "unknown": 0, "recording": 0}
    assert "Secret" not in answer.content.decode()


def test_states_that_did_not_change_are_not_sent_again(world: World) -> None:
    client = signed_in(world.viewer)
    first = states(client, world.camera)
    same = states(client, world.camera, **{"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    with every_city("a test sets the scene"):
        Camera.objects.filter(pk=world.camera.pk).update(is_online=True)
    assert states(client, world.camera, **{"If-None-Match": first["ETag"]}).status_code == 200


def test_states_survive_nonsense(world: World) -> None:
    client = signed_in(world.viewer)
    assert client.get("/wall/states", {"ids": "x,,\0," + "f" * 5000}).json()["cameras"] == {}
    assert client.get("/wall/states").status_code == 200


def test_states_tell_a_script_that_the_session_ended(world: World) -> None:
    assert states(Client(), world.camera).status_code == 401


def test_a_media_server_that_does_not_answer_is_told_and_flips_nothing(world: World) -> None:
    now = timezone.now()
    with every_city("a test sets the scene"):
        Camera.objects.filter(pk=world.camera.pk).update(is_online=True)
    MediaServer.objects.update(reach=MediaServer.Reach.UNREACHABLE, reach_changed_at=now - timedelta(minutes=2))
    body = states(signed_in(world.viewer), world.camera).json()
    assert [notice[:34] for notice in body["notices"]] == ["The media server does not answer: "]
    assert body["counts"] == {"total": 1, "online": 0, "offline": 0, "unknown": 1, "recording": 0}
    card = body["cameras"][str(world.camera.pk)]
    assert (card["state"], card["state_text"][:14], card["playable"]) == ("unknown", "Unknown since ", True)


@pytest.mark.parametrize(("age", "told"), [(30, 0), (60, 1)])
def test_old_states_are_called_old(world: World, age: int, told: int) -> None:
    MediaServer.objects.update(snapshot_at=timezone.now() - timedelta(seconds=age))
    assert len(states(signed_in(world.viewer), world.camera).json()["notices"]) == told


@pytest.mark.django_db(transaction=True)
def test_an_operator_switches_recording_by_a_form(world: World) -> None:
    client = signed_in(world.operator)
    answer = client.post(f"/cameras/{world.camera.pk}/recording", {"on": "1", "next": "/?q=market"})
    assertRedirects(answer, "/?q=market")
    with city_scope(world.city.pk):
        session = RecordingSession.objects.get()
    assert (session.camera_id, session.started_by_id, session.ended_at) == (world.camera.pk, world.operator.pk, None)


@pytest.mark.django_db(transaction=True)
def test_an_operator_switches_recording_by_script_both_ways_and_twice(world: World) -> None:
    client = signed_in(world.operator)
    answers = [
        client.post(f"/cameras/{world.camera.pk}/recording", {"on": on}, headers=JSON).json()["recording"]
        for on in ("1", "1", "0", "0")
    ]
    assert answers == [True, True, False, False]
    with city_scope(world.city.pk):
        assert RecordingSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_media_server_that_records_nothing_refuses_the_switch_on_and_says_why(world: World) -> None:
    Storage.objects.create(media_server=world.server, refuses_since=timezone.now())
    client, path = signed_in(world.operator), f"/cameras/{world.camera.pk}/recording"
    answer = client.post(path, {"on": "1"}, headers=JSON)
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("This media server records nothing: only held footage is left")
    page = client.post(path, {"on": "1"}, follow=True).content.decode()
    assert "This media server records nothing" in page
    assert client.post(path, {"on": "0"}, headers=JSON).status_code == 200
    with city_scope(world.city.pk):
        assert Camera.objects.filter(recording_enabled=True).exists() is False


@pytest.mark.parametrize(
    ("who", "camera", "status"),
    [
        ("viewer", "camera", 403),
        ("viewer", "foreign_camera", 404),
        ("owner", "foreign_camera", 404),
        ("stranger", "camera", 404),
    ],
)
def test_who_may_not_switch_changes_nothing(world: World, who: str, camera: str, status: int) -> None:
    client, target = signed_in(getattr(world, who)), getattr(world, camera)
    answer = client.post(f"/cameras/{target.pk}/recording", {"on": "1"}, headers=JSON)
    unknown = client.post(f"/cameras/{uuid4()}/recording", {"on": "1"}, headers=JSON)
    assert (answer.status_code, unknown.status_code) == (status, 404)
    assert (without_echoes(answer) == without_echoes(unknown)) is (status == 404)
    assert target.name not in answer.content.decode()
    with every_city("a test looks at what was written"):
        assert list(Camera.objects.filter(recording_enabled=True)) == []
        assert list(RecordingSession.objects.all()) == []


def test_signed_out_switching_is_refused(world: World) -> None:
    path = f"/cameras/{world.camera.pk}/recording"
    assert Client().post(path, {"on": "1"}, headers=JSON).status_code == 401
    assertRedirects(Client().post(path, {"on": "1"}), "/", target_status_code=302)


def test_switching_needs_the_page_s_own_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.operator)
    assert client.post(f"/cameras/{world.camera.pk}/recording", {"on": "1"}).status_code == 403


@pytest.mark.parametrize("on", ["", "2", "yes", None])
def test_switching_to_nothing_is_malformed(world: World, on: str | None) -> None:
    body = {} if on is None else {"on": on}
    assert signed_in(world.operator).post(f"/cameras/{world.camera.pk}/recording", body).status_code == 400


def test_looking_never_switches(world: World) -> None:
    assert signed_in(world.operator).get(f"/cameras/{world.camera.pk}/recording?on=1").status_code == 405


def test_nobody_is_sent_to_another_site(world: World) -> None:
    client = signed_in(world.operator)
    answer = client.post(f"/cameras/{world.camera.pk}/recording", {"on": "1", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_a_viewer_gets_no_switch(world: World) -> None:
    assert 'role="switch"' not in signed_in(world.viewer).get("/").content.decode()
    assert 'role="switch"' in signed_in(world.operator).get("/").content.decode()


def test_the_answer_holds_no_credentials(world: World) -> None:
    client = signed_in(world.stranger)
    told = client.get("/").content.decode() + json.dumps(states(client, world.foreign_camera).json())
    assert [word for word in ("hunter2", "10.9.9.9") if word in told] == []


def test_open_alarms_of_the_city_are_counted_for_who_may_read_them(world: World) -> None:
    about = {"kind": "frozen", "opened_at": NOW, "last_seen_at": NOW}
    with every_city("a test's world spans the cities"):
        Alarm.objects.create(city=world.city, camera=world.camera, **about)
        Alarm.objects.create(city=world.city, media_server=world.server, closed_at=NOW, **about)
        Alarm.objects.create(city=world.other_city, camera=world.foreign_camera, **about)
    client = signed_in(world.viewer)
    assert "1 alarm is open" not in client.get("/").content.decode()
    User.objects.filter(pk=world.viewer.pk).update(is_staff=True)
    page = client.get("/").content.decode()
    assert "1 alarm is open" in page
    assert f"/admin/observers/alarm/?open=1&amp;city={world.city.pk}" in page
