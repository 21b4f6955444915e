"""Whatever is wrong with a request to the API, the answer is a problem that names it, and never a failure of ours."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cities.errors import Conflict, InvalidInput, NotAllowed, NotThere, VMSError
from cities.problems import answer_problem
from tests.world import ApiClient, World

PROBLEM = "application/problem+json"
CAMERAS = "/api/v1/cameras"


@pytest.fixture
def client_of_owner(world: World) -> ApiClient:
    return ApiClient(world.owner, world.city)


def assert_problem(answer: Any, status: int) -> Any:
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), answer.content
    return answer.json()


class Busy(Conflict):
    """A kind of conflict that problems.py does not know by name."""


@pytest.mark.parametrize(
    ("error", "status", "field"),
    [
        (InvalidInput("no", field="name"), 400, "name"),
        (InvalidInput("no"), 400, None),
        (NotAllowed("no"), 403, None),
        (NotThere("secret id"), 404, None),
        (Conflict("no", field="name"), 409, "name"),
        (Busy("no"), 409, None),
        (VMSError("no"), 400, None),
        (OperationalError("host 10.0.0.1 refused"), 503, None),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int, field: str | None) -> None:
    answer = answer_problem(error, {"request": None})
    assert answer is not None
    assert (answer.status_code, answer.data["status"], answer.content_type) == (status, status, PROBLEM)
    assert [each["field"] for each in answer.data.get("errors", [])] == ([field] if field else [])
    assert "secret" not in answer.data["detail"]
    assert "10.0.0.1" not in answer.data["detail"]


def test_what_nobody_foresaw_is_a_problem_too(client_of_owner: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("cameras.api.list_rows", fail)
    client_of_owner.raise_request_exception = False
    assert "secret" not in str(assert_problem(client_of_owner.get(CAMERAS), 500))


def test_a_database_that_is_away_is_a_503(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def be_away(*_: Any) -> None:
        raise OperationalError("host 10.0.0.1 refused")

    monkeypatch.setattr("cities.access.find_membership", be_away)
    client = ApiClient(world.owner, world.city)
    client.raise_request_exception = False
    assert "/health" in assert_problem(client.get(CAMERAS), 503)["detail"]


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v2/cameras", "/api/v1", "/api/v1/nothing", "/api/v1/cameras//", "/api/v1//cameras"]
)
def test_an_unknown_address_is_a_problem(client_of_owner: ApiClient, path: str) -> None:
    assert_problem(client_of_owner.get(path), 404)


def test_an_unknown_address_elsewhere_is_a_page(db: None) -> None:
    answer = Client().get("/nothing")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/html")


def test_a_host_that_is_not_ours_is_a_problem(client_of_owner: ApiClient) -> None:
    assert_problem(client_of_owner.get(CAMERAS, headers={"Host": "evil.example"}), 400)


@pytest.mark.parametrize("path", [CAMERAS, f"{CAMERAS}?search=market", "/api/v1/streams", "/api/v1/cities"])
def test_a_trailing_slash_is_forgiven(client_of_owner: ApiClient, path: str) -> None:
    with_slash = path.replace("?", "/?") if "?" in path else path + "/"
    assert client_of_owner.get(with_slash).content == client_of_owner.get(path).content
    assert client_of_owner.get(with_slash).status_code == 200


BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"3",
    b"NaN",
    b'{"name": NaN}',
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b"\xff\xfe",
    b"\x00",
    b'{"name": "\\u0000"}',
    b'{"name": "\\ud800"}',
    b'{"name": null}',
    b'{"name": {"a": 1}}',
    b'{"name": ["a"]}',
    b'{"name": true}',
    b'{"name": ""}',
    b'{"name": "   "}',
    json.dumps({"name": "x" * 121}).encode(),
    json.dumps({"name": "x", "location": "y" * 201}).encode(),
    json.dumps({"name": "x", "source_url": "rtsp://h/" + "y" * 2000}).encode(),
    json.dumps({"name": "x", "source_url": "rtsp://" + "u" * 300 + ":p@10.0.0.1/live"}).encode(),
    json.dumps({"name": "x", "source_url": "rtsp://u:" + "p" * 300 + "@10.0.0.1/live"}).encode(),
    json.dumps({"name": "x", "source_url": "rtsp://u%00:p@10.0.0.1/live"}).encode(),
    json.dumps({"name": "x", "source_url": "file:///etc/passwd"}).encode(),
    b'{"name": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:30]))
def test_a_bad_body_is_the_callers_mistake(client_of_owner: ApiClient, world: World, body: bytes) -> None:
    assert_problem(client_of_owner.generic("POST", CAMERAS, body, "application/json"), 400)
    if body:
        assert_problem(client_of_owner.generic("PATCH", f"{CAMERAS}/{world.camera.pk}", body, "application/json"), 400)


def test_a_body_that_is_no_json_of_ours(client_of_owner: ApiClient) -> None:
    for content_type in ("text/plain", "application/xml", "nonsense", "application/octet-stream"):
        assert_problem(client_of_owner.generic("POST", CAMERAS, b"{}", content_type), 415)
    assert_problem(client_of_owner.generic("POST", CAMERAS, b" " * 300_000, "application/json"), 413)
    assert_problem(client_of_owner.get(CAMERAS, headers={"Accept": "application/xml"}), 406)


@pytest.mark.parametrize("charset", ["zlib", "rot13", "utf-16", "idna", "unicode_escape", "nonsense", "hex"])
def test_a_strange_charset_breaks_nothing(client_of_owner: ApiClient, world: World, charset: str) -> None:
    kind = f"application/json; charset={charset}"
    answer = client_of_owner.generic("POST", f"/api/v1/streams?camera_id={world.camera.pk}", b"", kind)
    assert answer.status_code == 201
    answer = client_of_owner.generic("POST", CAMERAS, '{"name": "Praça"}'.encode(), kind)
    assert (answer.status_code, answer.json()["name"]) == (201, "Praça")


def test_every_field_at_fault_is_named(client_of_owner: ApiClient) -> None:
    problem = assert_problem(client_of_owner.send("POST", CAMERAS, {"location": "x" * 201}), 400)
    assert [error["field"] for error in problem["errors"]] == ["name", "location"]
    assert assert_problem(client_of_owner.send("POST", CAMERAS, []), 400)["errors"][0]["field"] == "body"


QUERY_NAMES = st.sampled_from(["online", "recording", "search", "cursor", "page_size", "camera_id", "format", "x"])
QUERY_VALUES = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.sampled_from(
        ["true", "false", "unknown", "cD0lMDA=", "bz0tMQ==", "cj05OTk=", "cD1N", "\x00", "%", "api", "json"]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(QUERY_NAMES, QUERY_VALUES, max_size=4), path=st.sampled_from(["cameras", "streams", "cities"])
)
def test_no_query_breaks_a_list(world: World, query: dict[str, str], path: str) -> None:
    answer = ApiClient(world.viewer, world.city).get(f"/api/v1/{path}", query)
    assert answer.status_code in {200, 400, 404, 406}
    if answer.status_code == 400:
        assert answer.json()["errors"][0]["field"] in query


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=5,
)
CAMERA_BODY = st.dictionaries(
    st.sampled_from(["name", "location", "source_url", "id", "city", "recording_enabled"]), JSON
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.one_of(JSON, CAMERA_BODY), method=st.sampled_from(["POST", "PUT", "PATCH"]))
def test_no_body_breaks_a_camera(world: World, body: Any, method: str) -> None:
    path = CAMERAS if method == "POST" else f"{CAMERAS}/{world.camera.pk}"
    answer = ApiClient(world.owner, world.city).send(method, path, body)
    assert answer.status_code in {200, 201, 400, 409}
