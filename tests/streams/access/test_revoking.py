"""Which sessions are ended, and which are left alone."""

import json
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from cameras.groups.services import change_group, make_group, narrow_member
from cameras.models import Camera, MediaServer
from cameras.services import remove_camera
from cities.audit.services import Deed, note_deed
from cities.models import AuditAction, Membership, User
from cities.opening import LASTS
from cities.scope import every_city
from mediamtx.client import MediaMTXClient, Session
from streams.access import tasks
from streams.access.revoking import end_revoked_sessions, find_revoked
from streams.access.services import give_live_token, renew_publish_password
from streams.access.tokens import Action, make_token
from tests.fakes.mediamtx import FakeMediaMTX, Reply
from tests.fakes.mute import mute_servers
from tests.world import NOW, World

AN_HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _scope() -> Any:
    with every_city("the sweep spans the cities"):
        yield


def watching(world: World, user: Any, *, kind: str = "hlssessions") -> Session:
    """Give a session that began an hour ago, by a token that has long expired."""
    token = give_live_token(world.camera, user, now=timezone.now() - AN_HOUR)
    return Session(id=str(uuid4()), path=world.camera.stream_id, kind=kind, query=f"token={token}")


def publishing(world: World, user: str) -> Session:
    return Session(id="p", path=world.camera.stream_id, kind="rtspsessions", state="publish", user=user)


def test_who_still_may_goes_on_although_the_token_expired(world: World) -> None:
    assert find_revoked([watching(world, world.viewer), publishing(world, "camera-1")], NOW) == []


def test_who_may_no_more_is_found(world: World) -> None:
    gone, stays = watching(world, world.viewer), watching(world, world.operator)
    Membership.objects.filter(user=world.viewer).delete()
    assert find_revoked([gone, stays, watching(world, world.stranger)][:2], NOW) == [gone]


def test_a_membership_of_another_city_is_none(world: World) -> None:
    session = watching(world, world.stranger)
    assert find_revoked([session], NOW) == [session]


def test_who_loses_a_group_loses_its_cameras_and_no_others(world: World) -> None:
    other = Camera.objects.create(city=world.city, media_server=world.server, name="Quiet alley")
    ids = [world.camera.pk, other.pk]
    group = make_group(world.city, name="Centre", camera_ids=ids, by=None, now=NOW)
    narrow_member(Membership.objects.get(user=world.viewer), [group], by=None, now=NOW)
    session, untouched = watching(world, world.viewer), watching(world, world.operator)
    assert find_revoked([session, untouched], NOW) == []
    change_group(group, name="Centre", camera_ids=[other.pk], by=None, now=NOW)
    assert find_revoked([session, untouched], NOW) == [session]


def test_an_administrator_watches_while_the_city_stands_open_and_no_longer(world: World) -> None:
    root = User.objects.create_superuser("root")
    session, later = watching(world, root), NOW + LASTS
    assert find_revoked([session], NOW) == [session]
    note_deed(world.city.pk, Deed(AuditAction.BREAK_GLASS, root, NOW, reason="a robbery at the gate"))
    assert (find_revoked([session], NOW), find_revoked([session], later)) == ([], [session])
    note_deed(world.city.pk, Deed(AuditAction.BREAK_GLASS_ENDED, root, NOW))
    assert find_revoked([session], NOW) == [session]


def test_a_removed_camera_is_neither_watched_nor_published(world: World) -> None:
    sessions = [watching(world, world.viewer), publishing(world, "camera-1")]
    remove_camera(world.camera, by=None, now=timezone.now())
    assert find_revoked(sessions, NOW) == sessions


def test_an_old_password_publishes_no_more(world: World) -> None:
    renew_publish_password(world.camera, by=None, now=timezone.now())
    old, new = publishing(world, "camera-1"), publishing(world, "camera-2")
    assert find_revoked([old, new], NOW) == [old]


def test_what_did_not_come_in_by_us_is_left_alone(world: World, django_assert_num_queries: Any) -> None:
    ingest = make_token(Action.PUBLISH, world.camera.pk, None, now=timezone.now())
    path = world.camera.stream_id
    with django_assert_num_queries(0):
        others = [
            Session(id="1", path=path, query="token=x"),
            Session(id="2", path="harbour"),
            Session(id="3", path=path, state="publish", user="somebody"),
            Session(id="4", path=path, state="publish", query=f"token={ingest}"),
            Session(id="5"),
        ]
        assert find_revoked(others, NOW) == []


def test_a_hundred_sessions_of_one_person_cost_what_one_costs(world: World, django_assert_num_queries: Any) -> None:
    sessions = [watching(world, world.viewer) for _ in range(100)]
    with django_assert_num_queries(2):
        assert find_revoked(sessions, NOW) == []


@pytest.fixture
def fake() -> Any:
    running = FakeMediaMTX()
    yield running
    running.stop()


def test_no_answer_ends_nothing_and_is_no_error(world: World, fake: FakeMediaMTX) -> None:
    world.server.api_url = fake.url  # which knows no lists of sessions
    assert end_revoked_sessions(world.server, NOW) == 0


def test_a_session_that_left_meanwhile_is_no_error(fake: FakeMediaMTX) -> None:
    fake.script = lambda _fake, _target: Reply(b"{}", status=404)
    MediaMTXClient(fake.url).kick(Session(id="1", kind="hlssessions"))


def test_every_server_is_swept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[Any] = []
    monkeypatch.setattr(tasks, "end_revoked_sessions", lambda server, _now: swept.append(server))
    monkeypatch.setattr(
        tasks.sweep_sessions_of, "apply_async", lambda arguments, **_options: tasks.sweep_sessions_of(*arguments)
    )
    tasks.sweep_sessions()
    assert swept == [world.server]
    tasks.sweep_sessions_of(world.server.pk + 1)
    assert swept == [world.server]


def test_servers_that_gave_no_answer_are_swept_together_and_less_often(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = [
        MediaServer.objects.create(name=name, api_url="http://127.0.0.1:9", reach=MediaServer.Reach.UNREACHABLE)
        for name in ("a", "b")
    ]
    ordered: list[Any] = []
    for task in (tasks.sweep_sessions_of, tasks.sweep_silent_servers):
        monkeypatch.setattr(task, "apply_async", lambda arguments, **_options: ordered.append(arguments))
    tasks.sweep_sessions()
    tasks.sweep_sessions()
    assert ordered == [(world.server.pk,), ([server.pk for server in silent],), (world.server.pk,)]


@pytest.mark.slow
def test_servers_that_never_answer_hold_up_no_other(world: World, fake: FakeMediaMTX) -> None:
    Membership.objects.filter(user=world.viewer).delete()
    session = watching(world, world.viewer)
    body = json.dumps({"items": [{"id": session.id, "path": session.path, "query": session.query}]}).encode()
    kicked: list[str] = []

    def answer(_fake: FakeMediaMTX, target: str) -> Reply:
        if "/kick/" in target:
            kicked.append(target)
        return Reply(body if target.startswith("/v3/hlssessions/list") else b'{"items": []}')

    fake.script = answer
    MediaServer.objects.filter(pk=world.server.pk).update(api_url=fake.url)
    with mute_servers(5) as addresses:
        mute = [MediaServer.objects.create(name=address, api_url=address) for address in addresses]
        wrong = MediaServer.objects.create(name="wrong", api_url="no address")
        began = time.monotonic()
        tasks.sweep_silent_servers([each.pk for each in (*mute, wrong, world.server)])
        assert time.monotonic() - began < 9
    assert kicked == [f"/v3/hlssessions/kick/{session.id}"]
