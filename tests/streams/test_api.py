"""The API of streams, as its callers meet it."""

import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from cameras.models import Camera, MediaServer
from cities.scope import city_scope
from streams.access.tokens import read_token
from streams.models import Stream, StreamState
from streams.progress import NOBODY_CARRIES_IT
from streams.services import wish_stream
from tests.world import NOW, ApiClient, World

STREAMS = "/api/v1/streams"


@pytest.fixture
def operator(world: World) -> ApiClient:
    return ApiClient(world.operator, world.city)


TOKEN = re.compile(r"\?token=[\w.-]+")


def without_tokens(shown: Any) -> Any:
    """The same without what is made anew each time."""
    return json.loads(TOKEN.sub("", json.dumps(shown)))


def start(client: ApiClient, camera_id: Any) -> Any:
    return client.post(f"{STREAMS}?camera_id={camera_id}")


def test_a_stream_is_started_once(world: World, operator: ApiClient) -> None:
    before = timezone.now()
    first = start(operator, world.camera.pk)
    shown = without_tokens(first.json())
    assert before <= datetime.fromisoformat(shown.pop("wished_at")) <= timezone.now()
    stream_id = f"stream_{world.camera.pk}"
    assert (first.status_code, shown) == (
        201,
        {
            "camera_id": str(world.camera.pk),
            "stream_id": stream_id,
            "state": "waiting",
            "problem": "",
            "is_online": False,
            "hls_url": f"http://vms.example:8888/{stream_id}/index.m3u8",
            "webrtc_url": f"http://vms.example:8889/{stream_id}/whep",
            "rtsp_url": f"rtsp://vms.example:8554/{stream_id}",
        },
    )
    again = start(operator, world.camera.pk)
    assert again.status_code == 200
    whole = without_tokens(first.json())
    assert without_tokens(again.json()) == whole
    assert without_tokens(operator.get(STREAMS).json()) == {"results": [whole], "next": None, "previous": None}
    assert without_tokens(operator.get(f"{STREAMS}/{world.camera.pk}").json()) == whole


def test_live_addresses_are_the_callers_own(world: World, operator: ApiClient) -> None:
    shown = start(operator, world.camera.pk).json()
    for address in (shown["hls_url"], shown["webrtc_url"], shown["rtsp_url"]):
        grant = read_token(urlsplit(address).query.removeprefix("token="))
        assert grant is not None
        assert (grant.action, grant.camera_id, grant.user_id) == ("read", world.camera.pk, world.operator.pk)


def test_a_stream_is_stopped_and_started_anew(world: World, operator: ApiClient) -> None:
    start(operator, world.camera.pk)
    assert [operator.delete(f"{STREAMS}/{world.camera.pk}").status_code for _ in range(2)] == [204, 204]
    assert operator.get(f"{STREAMS}/{world.camera.pk}").status_code == 404
    assert operator.get(STREAMS).json()["results"] == []
    assert start(operator, world.camera.pk).status_code == 201


def test_its_problem_is_told_in_words(world: World, operator: ApiClient) -> None:
    start(operator, world.camera.pk)
    with city_scope(world.city.pk):
        Stream.objects.update(
            state=StreamState.RETRYING, problem="The camera refused the password.", problem_kind="unauthorized"
        )
        Camera.objects.update(is_online=True)
    shown = operator.get(f"{STREAMS}/{world.camera.pk}").json()
    assert (shown["state"], shown["problem"], shown["is_online"]) == (
        "retrying",
        "The camera refused the password.",
        True,
    )


@pytest.mark.parametrize("state", [StreamState.STARTING, StreamState.LIVE, StreamState.RETRYING])
def test_a_pulled_stream_says_where_our_ingest_stands(world: World, operator: ApiClient, state: StreamState) -> None:
    start(operator, world.camera.pk)
    with city_scope(world.city.pk):
        Stream.objects.update(state=state)
    assert operator.get(f"{STREAMS}/{world.camera.pk}").json()["state"] == state.value


def test_what_a_dead_ingest_process_last_said_is_no_news(world: World, operator: ApiClient) -> None:
    start(operator, world.camera.pk)
    long_ago = timezone.now() - timedelta(minutes=1)
    with city_scope(world.city.pk):
        Stream.objects.update(state=StreamState.LIVE, wished_at=long_ago, lease_owner="dead", lease_until=long_ago)
    shown = operator.get(f"{STREAMS}/{world.camera.pk}").json()
    assert (shown["state"], shown["problem"]) == ("waiting", NOBODY_CARRIES_IT)


@pytest.mark.parametrize(
    ("online", "reach", "state"),
    [(True, "reachable", "live"), (False, "reachable", "waiting"), (True, "unreachable", "waiting")],
)
def test_a_camera_that_publishes_by_itself_is_waited_for(
    world: World,
    operator: ApiClient,
    online: bool,  # noqa: FBT001 -- a column of the table above
    reach: str,
    state: str,
) -> None:
    MediaServer.objects.update(reach=reach)
    with city_scope(world.city.pk):
        Camera.objects.update(source_url="", is_online=online)
    assert start(operator, world.camera.pk).json()["state"] == state


@pytest.mark.parametrize("query", ["", "?camera_id=", "?camera_id=x", "?camera_id=%00", "?camera=1"])
def test_a_missing_or_malformed_camera_is_named(operator: ApiClient, query: str) -> None:
    answer = operator.post(STREAMS + query)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["camera_id"])


def test_streams_of_other_cities_do_not_exist(world: World, operator: ApiClient) -> None:
    with city_scope(world.other_city.pk):
        wish_stream(world.foreign_camera, now=NOW)
    assert operator.get(STREAMS).json()["results"] == []
    assert start(operator, world.foreign_camera.pk).status_code == 404
    assert operator.delete(f"{STREAMS}/{world.foreign_camera.pk}").status_code == 404
    with city_scope(world.other_city.pk):
        assert Stream.objects.get().wished is True


def test_the_path_in_the_specification_s_curl_line_works(world: World) -> None:
    client = ApiClient(world.operator, world.city)
    answer = client.generic("POST", f"{STREAMS}?camera_id={world.camera.pk}", b"", "")
    assert answer.status_code == 201
