"""Headers that say who calls for which city: thousands of made-up ones open no door, break nothing and leak nothing."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as fuzzed
from hypothesis import strategies as st

from tests.gunicorn import WebServer, run_gunicorn
from tests.two_cities import Caller, furnish
from tests.world import World

OPERATIONS = [
    ("GET", "/api/v1/cameras", None),
    ("GET", "/api/v1/cameras/{camera_id}", None),
    ("GET", "/api/v1/cities/{city_id}", None),
    ("GET", "/api/v1/holds?camera_id={camera_id}", None),
    ("GET", "/api/v1/deletions/{day}.csv", None),
    ("PATCH", "/api/v1/cameras/{camera_id}", {"location": "Elsewhere"}),
    ("PUT", "/api/v1/cameras/{camera_id}/recording", None),
    ("DELETE", "/api/v1/streams/{camera_id}", None),
]

SLY = [
    *("", " ", "0", "-1", "1,2", "1 OR 1=1", "null", "true", "*", "%00", "\x00", "\t", "../../", "\u202e1", "١"),
    *(str(2**63), str(2**63 - 1), "9" * 10_000, "\r\nX-User-ID: 1", "\r\n\r\nGET / HTTP/1.1", "{}", "[]", "${jndi:x}"),
    *("Bearer", "Bearer ", "bearer x", "Token x", "Basic eA==", "Bearer x y", "Bearer\tx", "Bearer \x00"),
]
TEXTS = st.one_of(
    st.sampled_from(SLY),
    st.text(st.characters(max_codepoint=255), max_size=80),
    st.text(max_size=20),
    st.integers().map(str),
    st.uuids().map(str),
)


def disguise(value: str) -> st.SearchStrategy[str]:
    """Give spellings of a right value that another reader might take for it."""
    spellings = [value, value.upper(), f" {value}", f"{value} ", f"{value},{value}", f"0{value}", f"{{{value}}}"]
    return st.sampled_from(
        [*spellings, f"urn:uuid:{value}", value.replace("-", ""), f"{value}\x00", f"{value};", f'"{value}"']
    )


@pytest.fixture
def callers(world: World, settings: Any) -> tuple[Caller, Caller]:
    settings.VMS_TRUSTED_PROXIES = []
    return furnish(world)


@pytest.mark.slow
@fuzzed(
    max_examples=2000,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_two_thousand_headers_let_the_member_in_and_nobody_else(
    callers: tuple[Caller, Caller], data: st.DataObject
) -> None:
    caller, other = callers
    draw = data.draw
    city = draw(st.one_of(st.none(), TEXTS, disguise(str(caller.city.pk)), disguise(str(other.city.pk))))
    user = draw(st.one_of(st.none(), TEXTS, disguise(str(caller.user.pk)), disguise(str(other.user.pk))))
    token = draw(st.one_of(st.none(), TEXTS, disguise(f"Bearer {caller.token}"), st.just(f"Bearer {caller.token}")))
    method, path, body = draw(st.sampled_from(OPERATIONS))
    ids = draw(st.sampled_from([caller.ids, caller.foreign_ids]))
    given_headers = {"X-City-ID": city, "X-User-ID": user, "Authorization": token}
    answer = Client().generic(
        method,
        path.format(**ids),
        json.dumps(body) if body else "",
        "application/json",
        headers={name: value for name, value in given_headers.items() if value is not None},
    )
    assert_refused_unless_right(answer, caller, city, user, token)


def assert_refused_unless_right(answer: Any, caller: Caller, city: Any, user: Any, token: Any) -> None:
    text = answer.content.decode(errors="replace") + repr(dict(answer.headers))
    assert [secret for secret in caller.secrets if secret in text and secret not in repr((city, user))] == []
    if answer.status_code < 300:
        assert UUID(city) == caller.city.pk
        assert int(user) == caller.user.pk
        assert token.split()[1] == caller.token
    else:
        assert answer.status_code in {400, 401, 403, 404}
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


def test_the_right_headers_do_get_in(callers: tuple[Caller, Caller]) -> None:
    """Else the test above could refuse everybody and still be content."""
    for caller in callers:
        for method, path, body in OPERATIONS:
            text = json.dumps(body) if body else ""
            answer = Client().generic(
                method, path.format(**caller.ids), text, "application/json", headers=caller.headers
            )
            assert answer.status_code in {200, 204}, (method, path, answer.content)


@pytest.fixture
def real_server(transactional_db: None, world: World) -> Iterator[tuple[WebServer, Caller, Caller]]:
    callers = furnish(world)
    with run_gunicorn() as server:
        yield server, *callers


def raw_lines(caller: Caller) -> dict[str, str]:
    return {name: f"{name}: {value}" for name, value in caller.headers.items()}


def request_of(lines: list[str]) -> bytes:
    head = ["GET /api/v1/cameras HTTP/1.1", "Host: localhost", "Connection: close", *lines]
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")


@pytest.mark.integration
def test_over_a_real_socket_no_second_header_and_no_other_spelling_counts(
    real_server: tuple[WebServer, Caller, Caller],
) -> None:
    server, caller, other = real_server
    lines = raw_lines(caller)
    token, user, city = lines["Authorization"], lines["X-User-ID"], lines["X-City-ID"]
    theirs = raw_lines(other)
    assert server.send(request_of([token, user, city]))[0] == 200
    refused = {
        "the same city twice": [token, user, city, city],
        "two cities": [token, user, city, theirs["X-City-ID"]],
        "two cities, the foreign first": [token, user, theirs["X-City-ID"], city],
        "two users": [token, user, theirs["X-User-ID"], city],
        "two tokens": [token, theirs["Authorization"], user, city],
        "the foreign city": [token, user, theirs["X-City-ID"]],
        "the foreign user": [token, theirs["X-User-ID"], city],
        "underscores alone": [token, user, city.replace("-", "_", 2)],
        "underscores for the user": [token, user.replace("-", "_"), city],
        "a folded value": [token, user, city.replace(": ", ":\r\n ")],
        "a value gone on with": [token, user, city + "\r\n " + str(other.city.pk)],
        "a blank before the colon": [token, user, city.replace(":", " :")],
        "a line feed alone": [token, user, "X-Other: 1\n" + city],
        "a NUL in it": [token, user, city + "\x00"],
        "no name at all": [token, user, city, ": x"],
        "a hundred thousand characters": [token, user, "X-City-ID: " + "a" * 100_000],
        "a thousand headers": [token, user, city, *(f"X-Filler-{number}: 1" for number in range(1000))],
    }
    answered = {why: server.send(request_of(sent)) for why, sent in refused.items()}
    let_in = {why: status for why, (status, _) in answered.items() if not 400 <= status < 500}
    assert let_in == {}
    for why, (_, text) in answered.items():
        assert [secret for secret in caller.secrets[:5] if secret.encode() in text] == [], why


@pytest.mark.integration
def test_over_a_real_socket_an_underscored_header_beside_the_right_one_changes_nothing(
    real_server: tuple[WebServer, Caller, Caller],
) -> None:
    server, caller, other = real_server
    lines, foreign = raw_lines(caller), f"X_City_ID: {other.city.pk}"
    right = [lines["Authorization"], lines["X-User-ID"], lines["X-City-ID"]]
    for sent in ([foreign, *right], [*right, foreign], [*right, f"x_city-id: {other.city.pk}"]):
        status, text = server.send(request_of(sent))
        assert status == 200
        assert str(caller.ids["camera_id"]).encode() in text
        assert [secret for secret in caller.secrets if secret.encode() in text] == []
