"""The door at which MediaMTX asks: who may publish, who may watch, and that everything else is no."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from cameras.groups.services import change_group, make_group, narrow_member
from cameras.models import Camera
from cameras.server_secrets import make_server_secrets
from cameras.services import remove_camera
from cities.models import Membership, User
from cities.scope import every_city
from streams.access import views
from streams.access.passwords import publish_password
from streams.access.services import give_live_token, renew_publish_password
from streams.access.tokens import LASTS, Action, make_token
from tests.world import World

DOOR = "/media/authorise"
SECOND = timedelta(seconds=1)


def header_of(password: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'mediamtx:{password}'.encode()).decode()}"


def ask(headers: dict[str, str] | None = None, address: str = "127.0.0.1", **question: Any) -> int:
    given = {"Authorization": header_of(settings.VMS_MEDIA_SECRET)} if headers is None else headers
    body = json.dumps({"action": "read", "path": "", **question})
    answer = Client().post(DOOR, body, "application/json", headers=given, REMOTE_ADDR=address)
    return answer.status_code


def read(path: str, token: str) -> int:
    return ask(action="read", path=path, query=f"token={token}")


def publish(camera: Camera, user: str, password: str) -> int:
    return ask(action="publish", path=camera.stream_id, user=user, password=password)


def live_token(camera: Camera, user: User, *, ago: timedelta = timedelta(0)) -> str:
    return give_live_token(camera, user, now=timezone.now() - ago)


def test_a_camera_publishes_with_its_own_password(world: World) -> None:
    password = publish_password(world.camera.pk, 1)
    assert publish(world.camera, "camera-1", password) == 204
    assert publish(world.camera, "camera-1", password + "x") == 401
    assert publish(world.camera, "camera-1", "") == 401
    assert publish(world.camera, "", "") == 401
    assert publish(world.foreign_camera, "camera-1", password) == 401


def test_a_further_media_server_shows_its_own_secret(world: World) -> None:
    made = make_server_secrets(world.server)
    question = {
        "action": "read",
        "path": world.camera.stream_id,
        "query": f"token={live_token(world.camera, world.viewer)}",
    }
    assert ask(headers={"Authorization": header_of(made.media)}, **question) == 204
    assert ask(headers={"Authorization": header_of(made.hook)}, **question) == 401


def test_a_renewed_password_replaces_the_old_one(world: World) -> None:
    with every_city("a test renews a password"):
        camera = renew_publish_password(world.camera, by=None, now=timezone.now())
    assert publish(camera, "camera-1", publish_password(camera.pk, 1)) == 401
    assert publish(camera, "camera-2", publish_password(camera.pk, 2)) == 204


UNKNOWN = "stream_5b5a1c1e-0000-4000-8000-00000000dead"


@pytest.mark.parametrize("path", ["", "stream_1", "harbour", "../x", "stream_{0}/x", "STREAM_{0}", UNKNOWN])
def test_a_name_of_no_camera_is_refused(world: World, path: str) -> None:
    path, password = path.format(world.camera.pk), publish_password(world.camera.pk, 1)
    assert ask(action="publish", path=path, user="camera-1", password=password) == 401
    token = make_token(Action.PUBLISH, world.camera.pk, None, now=timezone.now())
    assert ask(action="publish", path=path, query=f"token={token}") == 401
    assert read(path, live_token(world.camera, world.viewer)) == 401


def test_our_ingest_publishes_with_a_token_for_a_minute(world: World) -> None:
    now, camera = timezone.now(), world.camera
    for age, status in ((timedelta(0), 204), (LASTS[Action.PUBLISH] + SECOND, 401)):
        token = make_token(Action.PUBLISH, camera.pk, None, now=now - age)
        assert ask(action="publish", path=camera.stream_id, query=f"token={token}") == status
    token = make_token(Action.PUBLISH, world.foreign_camera.pk, None, now=now)
    assert ask(action="publish", path=camera.stream_id, query=f"token={token}") == 401
    assert read(world.foreign_camera.stream_id, token) == 401


def test_a_member_watches_with_a_token_for_two_minutes(world: World) -> None:
    camera = world.camera
    for person in (world.viewer, world.operator, world.owner):
        assert read(camera.stream_id, live_token(camera, person)) == 204
    assert read(camera.stream_id, live_token(camera, world.viewer, ago=LASTS[Action.READ] + SECOND)) == 401
    assert read(camera.stream_id, "") == 401


def test_a_token_of_one_camera_opens_no_other(world: World) -> None:
    assert read(world.foreign_camera.stream_id, live_token(world.camera, world.viewer)) == 401
    # Even one that a stranger should never have been given opens nothing to them.
    assert read(world.camera.stream_id, live_token(world.camera, world.stranger)) == 401
    token = live_token(world.camera, world.viewer)
    assert ask(action="publish", path=world.camera.stream_id, query=f"token={token}") == 401


def test_a_token_counts_in_the_address_only(world: World) -> None:
    token = live_token(world.camera, world.viewer)
    assert ask(action="read", path=world.camera.stream_id, user="x", password=token, token=token) == 401


def test_who_lost_the_right_is_let_in_no_more(world: World) -> None:
    viewer, operator = live_token(world.camera, world.viewer), live_token(world.camera, world.operator)
    with every_city("a test takes rights away"):
        Membership.objects.filter(user=world.viewer).delete()
    User.objects.filter(pk=world.operator.pk).update(is_active=False)
    assert [read(world.camera.stream_id, token) for token in (viewer, operator)] == [401, 401]


def test_a_removed_camera_lets_nobody_in(world: World) -> None:
    token, password = live_token(world.camera, world.viewer), publish_password(world.camera.pk, 1)
    with every_city("a test removes a camera"):
        remove_camera(world.camera, by=None, now=timezone.now())
    assert read(world.camera.stream_id, token) == 401
    assert publish(world.camera, "camera-1", password) == 401


@pytest.mark.parametrize("action", ["api", "metrics", "pprof", "playback", "", "READ", "admin"])
def test_any_other_action_is_refused(world: World, action: str) -> None:
    token = live_token(world.camera, world.owner)
    assert ask(action=action, path=world.camera.stream_id, query=f"token={token}") == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Basic"},
        {"Authorization": "Basic ã"},
        {"Authorization": "Basic ####"},
        {"Authorization": header_of("wrong")},
        {"Authorization": header_of("")},
        {"Authorization": f"Bearer {settings.VMS_MEDIA_SECRET}"},
        {"Authorization": header_of(settings.VMS_MEDIA_SECRET, "Bearer")},
        {"Authorization": header_of(settings.VMS_HOOK_SECRET)},
    ],
)
def test_who_does_not_know_the_secret_is_refused(world: World, headers: dict[str, str]) -> None:
    token = live_token(world.camera, world.viewer)
    assert ask(headers, action="read", path=world.camera.stream_id, query=f"token={token}") == 401


def test_only_media_servers_networks_may_ask(world: World, settings: Any) -> None:
    question: dict[str, Any] = {
        "path": world.camera.stream_id,
        "query": f"token={live_token(world.camera, world.viewer)}",
    }
    assert ask(address="10.1.2.3", **question) == 403
    settings.VMS_HOOK_NETWORKS = settings.ENVIRONMENT.networks("UNSET", ["10.0.0.0/8"])
    assert [ask(address=address, **question) for address in ("10.1.2.3", "127.0.0.1", "")] == [204, 403, 403]


def test_a_proxy_of_ours_lends_nobody_its_network(world: World) -> None:
    shown = {"Authorization": header_of(settings.VMS_MEDIA_SECRET)}
    question = {"path": world.camera.stream_id, "query": f"token={live_token(world.camera, world.viewer)}"}
    assert [ask(shown | {"X-Forwarded-For": hops}, **question) for hops in ("203.0.113.9", "127.0.0.1")] == [403, 204]


def test_what_is_no_question_is_refused(world: World) -> None:
    headers = {"Authorization": header_of(settings.VMS_MEDIA_SECRET)}
    post = Client().post
    assert Client().get(DOOR, headers=headers).status_code == 405
    assert post(DOOR, "{", "application/json", headers=headers).status_code == 400
    assert post(DOOR, "x" * 40_000, "application/json", headers=headers).status_code == 413


def test_without_a_database_nobody_new_gets_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError("it is away")

    monkeypatch.setattr(views, "is_allowed", fail)
    assert read(world.camera.stream_id, live_token(world.camera, world.viewer)) == 503


def test_who_sees_some_cameras_watches_those_alone(world: World) -> None:
    token = live_token(world.camera, world.viewer)
    with every_city("a test narrows a member"):
        group = make_group(world.city, name="Centre", camera_ids=[world.camera.pk], by=None, now=timezone.now())
        narrow_member(Membership.objects.get(user=world.viewer), [group], by=None, now=timezone.now())
        assert read(world.camera.stream_id, token) == 204
        change_group(group, name="Centre", camera_ids=[], by=None, now=timezone.now())
    assert read(world.camera.stream_id, token) == 401


def test_an_answer_costs_few_queries(world: World, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert read(world.camera.stream_id, live_token(world.camera, world.viewer)) == 204
    with django_assert_num_queries(1):
        assert publish(world.camera, "camera-1", publish_password(world.camera.pk, 1)) == 204
    with django_assert_num_queries(0):
        assert publish(world.camera, "", "") == 401
        assert read(world.camera.stream_id, "x" * 300) == 401
