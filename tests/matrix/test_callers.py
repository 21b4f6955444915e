"""Headers, tokens and methods that must not get through."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cities.models import User
from cities.tokens import make_token
from tests.matrix.full_world import UNKNOWN_ID, FullWorld, own_ids, rows
from tests.matrix.operations import OPERATIONS, Operation, assert_problem, call
from tests.world import ApiClient

ELSEWHERE = "203.0.113.9"
YEAR = timedelta(days=365)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_missing_header_is_named(full: FullWorld, operation: Operation) -> None:
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
def test_a_malformed_header_is_named(full: FullWorld, operation: Operation) -> None:
    client = ApiClient(full.owner, full.city)
    for header, value in MALFORMED:
        problem = assert_problem(call(client, operation, own_ids(full), headers={header: value}), 400)
        assert [error["field"] for error in problem["errors"]] == [header]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_tokens_open_only_for_their_user(full: FullWorld, operation: Operation) -> None:
    person = full.who_may(operation)
    client, before = ApiClient(person, full.city), rows()
    token = make_token(full.stranger, lasts=YEAR)
    bad = call(client, operation, own_ids(full), headers={"Authorization": "Bearer " + "0" * 64})
    assert_problem(bad, 401)
    assert bad["WWW-Authenticate"] == "Bearer"
    other = call(client, operation, own_ids(full), headers={"Authorization": f"Bearer {token}"})
    assert assert_problem(other, 403)["errors"][0]["field"] == "X-User-ID"
    away = call(client, operation, own_ids(full), REMOTE_ADDR=ELSEWHERE)
    assert_problem(away, 401)
    assert rows() == before
    own = f"Bearer {make_token(person, lasts=YEAR)}"
    answer = call(client, operation, own_ids(full), REMOTE_ADDR=ELSEWHERE, headers={"Authorization": own})
    assert answer.status_code in {200, 201, 204}


@pytest.mark.parametrize("route", sorted({operation.route for operation in OPERATIONS}))
def test_any_other_method_is_refused(full: FullWorld, route: str) -> None:
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


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    city=st.one_of(st.none(), HEADER_TEXT),
    user=st.one_of(st.none(), HEADER_TEXT),
    authorization=AUTHORIZATION,
    data=st.data(),
)
def test_no_header_opens_the_door_or_breaks_it(
    full: FullWorld, city: Any, user: Any, authorization: Any, data: Any
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
