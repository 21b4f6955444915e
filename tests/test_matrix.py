"""Every route of the API, with every kind of caller who must not get through: generated from the routes themselves."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cameras.models import Camera
from cities.models import Role, User
from cities.scope import every_city
from cities.tokens import make_token
from recording.models import Gap, Hold, RecordingSession, RetentionPolicy
from streams.models import Stream
from streams.services import wish_stream
from tests.full_world import (
    FOREIGN_ALARM,
    FOREIGN_BYTES,
    FOREIGN_DAY,
    OWN_ALARM,
    OWN_DAY,
    UNKNOWN_ALARM,
    add_hold,
    build_full_world,
    hold_of,
    make_alarm,
)
from tests.world import NOW, ApiClient, World

PREFIX = "/api/v1/"
PROBLEM = "application/problem+json"
SAFE = {"get"}
ELSEWHERE = "203.0.113.9"
UNKNOWN_ID = "5b5a1c1e-0000-4000-8000-00000000dead"
YEAR = timedelta(days=365)

SMALLEST_ROLE = {
    "/api/v1/cameras": Role.MANAGER,
    "/api/v1/cameras/{camera_id}": Role.MANAGER,
    "/api/v1/cameras/{camera_id}/recording": Role.OPERATOR,
    "/api/v1/cameras/{camera_id}/retention": Role.MANAGER,
    "/api/v1/cameras/{camera_id}/publishing/rotate": Role.MANAGER,
    "/api/v1/retention": Role.MANAGER,
    "/api/v1/holds": Role.OPERATOR,
    "/api/v1/holds/{hold_id}": Role.MANAGER,
    "/api/v1/streams": Role.OPERATOR,
    "/api/v1/streams/{camera_id}": Role.OPERATOR,
}
"""Who may use the unsafe methods of a route; written down here a second time on purpose."""

SMALLEST_ROLE_TO_READ = {"/api/v1/cameras/{camera_id}/publishing": Role.MANAGER}
"""The same of reading, where not every viewer may."""

BODIES = {
    ("post", "/api/v1/cameras"): {"name": "New camera", "source_url": "rtsp://10.0.0.6/live"},
    ("put", "/api/v1/cameras/{camera_id}"): {"name": "Renamed"},
    ("patch", "/api/v1/cameras/{camera_id}"): {"location": "Elsewhere"},
    ("put", "/api/v1/retention"): {"days": 15},
    ("put", "/api/v1/cameras/{camera_id}/retention"): {"days": 30},
    ("post", "/api/v1/holds"): {
        "camera_id": "{camera_id}",
        "from": "2026-01-27T11:00:00Z",
        "to": "2026-01-27T12:00:00Z",
        "reason": "Robbery",
    },
}
"""What is sent; an id in braces is the one that the case is about."""


@dataclass(frozen=True)
class Operation:
    """A method of a route; `in_path` and `in_query` are the ids it must be given."""

    method: str
    route: str
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]

    @property
    def names_something(self) -> bool:
        return bool(self.in_path or self.in_query)

    @property
    def body(self) -> Any:
        return BODIES.get((self.method, self.route))

    def address(self, ids: dict[str, str]) -> str:
        path = self.route.format(**ids)
        return path + "".join(f"?{name}={ids[name]}" for name in self.in_query)

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


def walk_routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[tuple[str, str]]:
    """Give (method, route) of every route of ours below PREFIX, ids as {name}."""
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk_routes(entry.url_patterns, route)
        elif route.startswith(PREFIX):
            view = entry.callback.view_class  # type: ignore[attr-defined]  # Django sets it on as_view()'s function
            methods = [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]
            yield from ((method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)) for method in methods)


def read_operations() -> list[Operation]:
    """Give the operations that the OpenAPI description lists below PREFIX."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return [
        Operation(method, route, _required(operation, "path"), _required(operation, "query"))
        for route, operations in schema["paths"].items()
        if route.startswith(PREFIX)
        for method, operation in operations.items()
    ]


def _required(operation: dict[str, Any], place: str) -> tuple[str, ...]:
    parameters = [parameter for parameter in operation["parameters"] if parameter.get("in") == place]
    return tuple(parameter["name"] for parameter in parameters if parameter.get("required"))


OPERATIONS = read_operations()
NAMING = [operation for operation in OPERATIONS if operation.names_something]
UNSAFE = [operation for operation in OPERATIONS if operation.method not in SAFE]
LISTS_OF_CAMERAS = {f"/api/v1/{name}" for name in ("alarms", "cameras", "coverage", "gaps", "holds", "streams")}
NO_LISTS = {"/api/v1/retention", "/api/v1/coverage.csv"}
"""What a city has one of, and what is a file."""

LISTS = [
    operation
    for operation in OPERATIONS
    if operation.method == "get" and not operation.names_something and operation.route not in NO_LISTS
]
QUERIES = {"/api/v1/coverage": 4}
"""What a list asks the database for where that is not the caller and the rows: here sessions and gaps of a page."""


@pytest.fixture(scope="module")
def _full(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Hold the full world in a transaction that never commits: to build it takes longer than most of its tests."""
    block = transaction.atomic()
    with django_db_blocker.unblock():
        block.__enter__()
        world = build_full_world()
    yield world
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


@pytest.fixture
def full(_full: World, db: None) -> World:
    """Give a world in which both cities have one of everything; what the test changes in it is undone."""
    return deepcopy(_full)


def own_ids(world: World) -> dict[str, str]:
    return {
        "camera_id": str(world.camera.pk),
        "city_id": str(world.city.pk),
        "alarm_id": str(OWN_ALARM),
        "day": str(OWN_DAY.date()),
        "hold_id": hold_of(world.camera),
    }


def foreign_ids(world: World) -> dict[str, str]:
    return {
        "camera_id": str(world.foreign_camera.pk),
        "city_id": str(world.other_city.pk),
        "alarm_id": str(FOREIGN_ALARM),
        "day": str(FOREIGN_DAY.date()),
        "hold_id": hold_of(world.foreign_camera),
    }


def unknown_ids(world: World) -> dict[str, str]:
    return dict.fromkeys(own_ids(world), UNKNOWN_ID) | {"alarm_id": str(UNKNOWN_ALARM)}


def secrets_of_other_city(world: World) -> list[str]:
    """Everything of the other city that no answer to this city may hold."""
    camera = world.foreign_camera
    return [
        *(str(camera.pk), camera.name, camera.source_url, "hunter2", camera.source_credentials, "10.9.9.9"),
        *(str(world.other_city.pk), world.other_city.name, str(FOREIGN_BYTES), hold_of(camera)),
    ]


def call(client: ApiClient, operation: Operation, ids: dict[str, str], **extra: Any) -> Any:
    body = json.dumps(operation.body) if operation.body is not None else ""
    for name, value in ids.items():
        body = body.replace(f'"{{{name}}}"', json.dumps(value))
    return client.generic(operation.method.upper(), operation.address(ids), body, "application/json", **extra)


def rows() -> list[Any]:
    """Give all rows that the API can change."""
    with every_city("this test compares all rows"):
        models = (Camera, Stream, RecordingSession, RetentionPolicy, Hold)
        return [list(model.objects.order_by("pk").values()) for model in models]


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), answer.content
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    return problem


def test_the_routes_and_their_description_are_the_same() -> None:
    routes = set(walk_routes(get_resolver().url_patterns))
    assert routes == {(operation.method, operation.route) for operation in OPERATIONS}
    assert {route for method, route in routes if method not in SAFE} == set(SMALLEST_ROLE)
    assert len(routes) >= 15


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_who_may_gets_through(full: World, operation: Operation) -> None:
    assert call(ApiClient(full.owner, full.city), operation, own_ids(full)).status_code in {200, 201, 204}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_each_role_may_what_is_its_own(full: World, operation: Operation) -> None:
    to_read = SMALLEST_ROLE_TO_READ.get(operation.route, Role.VIEWER)
    needed = to_read if operation.method in SAFE else SMALLEST_ROLE[operation.route]
    order = [Role.VIEWER, Role.OPERATOR, Role.MANAGER]
    for role, person in zip(order, (full.viewer, full.operator, full.owner), strict=True):
        before = rows()
        answer = call(ApiClient(person, full.city), operation, own_ids(full))
        if order.index(role) >= order.index(needed):
            assert answer.status_code in {200, 201, 204}
        else:
            assert needed.value in assert_problem(answer, 403)["detail"]
            assert rows() == before


@pytest.mark.parametrize("operation", NAMING, ids=str)
def test_a_foreign_id_is_the_same_as_an_unknown_one(full: World, operation: Operation) -> None:
    client, before = ApiClient(full.owner, full.city), rows()
    foreign = call(client, operation, foreign_ids(full))
    unknown = call(client, operation, unknown_ids(full))
    assert_problem(foreign, 404)
    assert (foreign.status_code, foreign.content, foreign.headers) == (
        unknown.status_code,
        unknown.content,
        unknown.headers,
    )
    assert rows() == before


@pytest.mark.parametrize("operation", NAMING, ids=str)
def test_a_stranger_in_his_own_city_finds_nothing_of_ours(full: World, operation: Operation) -> None:
    before = rows()
    assert_problem(call(ApiClient(full.stranger, full.other_city), operation, own_ids(full)), 404)
    assert rows() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_stranger_with_our_city_in_the_header_is_refused(full: World, operation: Operation) -> None:
    before = rows()
    for ids in (own_ids, foreign_ids, unknown_ids):
        problem = assert_problem(call(ApiClient(full.stranger, full.city), operation, ids(full)), 403)
        assert problem["detail"] == "This user is no member of this city."
    assert rows() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_city_that_does_not_exist_is_refused_like_a_foreign_one(full: World, operation: Operation) -> None:
    client = ApiClient(full.owner, full.city)
    unknown = call(client, operation, own_ids(full), headers={"X-City-ID": UNKNOWN_ID})
    foreign = call(client, operation, own_ids(full), headers={"X-City-ID": str(full.other_city.pk)})
    assert_problem(unknown, 403)
    assert (unknown.content, unknown.headers) == (foreign.content, foreign.headers)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_missing_header_is_named(full: World, operation: Operation) -> None:
    for missing in ("X-City-ID", "X-User-ID"):
        client = ApiClient(full.owner, full.city)
        del client.defaults["HTTP_" + missing.upper().replace("-", "_")]
        problem = assert_problem(call(client, operation, own_ids(full)), 400)
        assert [error["field"] for error in problem["errors"]] == [missing]
        assert missing in problem["detail"]


MALFORMED = [
    ("X-City-ID", "Aurora"),
    ("X-City-ID", "{12345678-1234-5678-1234-567812345678}"),
    ("X-City-ID", "12345678123456781234567812345678"),
    ("X-User-ID", "owner"),
    ("X-User-ID", "-1"),
    ("X-User-ID", "1.0"),
    ("X-User-ID", "٣"),
    ("X-User-ID", "9" * 30),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_malformed_header_is_named(full: World, operation: Operation) -> None:
    client = ApiClient(full.owner, full.city)
    for header, value in MALFORMED:
        problem = assert_problem(call(client, operation, own_ids(full), headers={header: value}), 400)
        assert [error["field"] for error in problem["errors"]] == [header]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_tokens_open_only_for_their_user(full: World, operation: Operation) -> None:
    client, before = ApiClient(full.owner, full.city), rows()
    token = make_token(full.stranger, lasts=YEAR)
    bad = call(client, operation, own_ids(full), headers={"Authorization": "Bearer " + "0" * 64})
    assert_problem(bad, 401)
    assert bad["WWW-Authenticate"] == "Bearer"
    other = call(client, operation, own_ids(full), headers={"Authorization": f"Bearer {token}"})
    assert assert_problem(other, 403)["errors"][0]["field"] == "X-User-ID"
    away = call(client, operation, own_ids(full), REMOTE_ADDR=ELSEWHERE)
    assert_problem(away, 401)
    assert rows() == before
    own = f"Bearer {make_token(full.owner, lasts=YEAR)}"
    assert (
        call(client, operation, own_ids(full), REMOTE_ADDR=ELSEWHERE, headers={"Authorization": own}).status_code < 300
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_no_answer_holds_anything_of_another_city(full: World, operation: Operation) -> None:
    for person, city in ((full.owner, full.city), (full.viewer, full.city), (full.stranger, full.city)):
        for ids in (own_ids(full), foreign_ids(full), unknown_ids(full)):
            text = call(ApiClient(person, city), operation, ids).content.decode()
            assert [secret for secret in secrets_of_other_city(full) if secret in text] == []


@pytest.mark.parametrize("operation", LISTS, ids=str)
def test_lists_hold_the_own_rows_only(full: World, operation: Operation) -> None:
    ours = call(ApiClient(full.viewer, full.city), operation, {}).json()["results"]
    theirs = call(ApiClient(full.stranger, full.other_city), operation, {}).json()["results"]
    assert (len(ours), len(theirs)) == (1, 1)
    assert ours != theirs


@pytest.mark.parametrize("operation", LISTS, ids=str)
def test_a_list_asks_as_much_for_three_rows_as_for_one(
    full: World, operation: Operation, django_assert_num_queries: Any
) -> None:
    client = ApiClient(full.viewer, full.city)
    count = QUERIES.get(operation.route, 2)
    with django_assert_num_queries(count):
        call(client, operation, {})
    with every_city("a test's world spans the cities"):
        for number in range(2):
            camera = Camera.objects.create(city=full.city, media_server=full.server, name=f"More {number}")
            wish_stream(camera, now=NOW)
            make_alarm(camera)
            add_hold(camera)
            Gap.objects.create(camera=camera, city=full.city, start=NOW, cause="unknown")
    with django_assert_num_queries(count):
        answer = call(client, operation, {})
    assert len(answer.json()["results"]) == (3 if operation.route in LISTS_OF_CAMERAS else 1)


NO_IDS = ["1", "not-a-uuid", "%00", "..%2f..", "%F0%9F%8E%A5", UNKNOWN_ID[:-1], UNKNOWN_ID + "0"]


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation.in_path], ids=str)
def test_what_is_no_id_is_not_there(full: World, operation: Operation) -> None:
    client = ApiClient(full.owner, full.city)
    unknown = call(client, operation, unknown_ids(full)).json()
    for text in NO_IDS:
        answer = call(client, operation, dict.fromkeys(own_ids(full), text))
        assert assert_problem(answer, 404) == unknown


@pytest.mark.parametrize("route", sorted({operation.route for operation in OPERATIONS}))
def test_any_other_method_is_refused(full: World, route: str) -> None:
    known = {operation.method for operation in OPERATIONS if operation.route == route}
    address = route.format(**own_ids(full))
    for method in {"get", "post", "put", "patch", "delete", "trace", "purge"} - known:
        answer = ApiClient(full.owner, full.city).send(method, address)
        assert_problem(answer, 405)
        assert {name.strip().lower() for name in answer["Allow"].split(",")} == known | {"options"} | (
            {"head"} if "get" in known else set()
        )


HEADER_TEXT = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=80),
    st.text(max_size=20),
    st.uuids().map(str),
    st.uuids().map(lambda value: value.urn),
    st.integers().map(str),
    st.sampled_from(
        [
            "",
            " ",
            "0",
            "null",
            "true",
            "1,1",
            "\x00",
            "\r\nX-User-ID: 1",
            UNKNOWN_ID.upper(),
            "Bearer",
            "Bearer ",
            "Basic eA==",
        ]
    ),
)
AUTHORIZATION = st.one_of(st.none(), HEADER_TEXT, HEADER_TEXT.map(lambda text: f"Bearer {text}"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    city=st.one_of(st.none(), HEADER_TEXT),
    user=st.one_of(st.none(), HEADER_TEXT),
    authorization=AUTHORIZATION,
    data=st.data(),
)
def test_no_header_opens_the_door_or_breaks_it(
    full: World, city: Any, user: Any, authorization: Any, data: Any
) -> None:
    operation = data.draw(st.sampled_from(OPERATIONS))
    real_city = data.draw(st.booleans())
    headers = {"X-City-ID": str(full.city.pk) if real_city else city, "X-User-ID": user, "Authorization": authorization}
    given_headers = {name: value for name, value in headers.items() if value is not None}
    assume(authorization is not None or user not in {str(person.pk) for person in User.objects.all()})
    answer = call_raw(operation, own_ids(full), given_headers)
    assert answer.status_code in {400, 401, 403, 404}
    assert_problem(answer, answer.status_code)


def call_raw(operation: Operation, ids: dict[str, str], headers: dict[str, str]) -> Any:
    client = Client()
    body = json.dumps(operation.body) if operation.body is not None else ""
    return client.generic(operation.method.upper(), operation.address(ids), body, "application/json", headers=headers)
