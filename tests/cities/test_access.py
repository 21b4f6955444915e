"""The three ways in: a gateway's headers, a token, a browser's session."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client

from cities.access import SESSION_CITY
from cities.models import City, User
from cities.tokens import make_token
from tests.world import ApiClient, World

CAMERAS = "/api/v1/cameras"
ELSEWHERE = "203.0.113.9"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
YEAR = timedelta(days=365)


def sign_in(user: User, city: City | None, **extra: Any) -> Client:
    """Give a browser in which the user is signed in and looks at the city."""
    client = Client(headers={"Accept": BROWSER}, **extra)
    client.force_login(user)
    if city:
        session = client.session
        session[SESSION_CITY] = str(city.pk)
        session.save()
    return client


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_a_trusted_proxy_is_believed(world: World, peer: str) -> None:
    assert ApiClient(world.viewer, world.city).get(CAMERAS, REMOTE_ADDR=peer).status_code == 200


@pytest.mark.parametrize("peer", [ELSEWHERE, "::ffff:203.0.113.9", "2001:db8::1", "", "unix:", "127.0.0.1, 127.0.0.1"])
def test_nobody_else_is(world: World, peer: str) -> None:
    answer = ApiClient(world.viewer, world.city).get(
        CAMERAS, REMOTE_ADDR=peer, headers={"X-Forwarded-For": "127.0.0.1"}
    )
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_other_networks_can_be_trusted(world: World, settings: Any) -> None:
    settings.VMS_TRUSTED_PROXIES = [ip_network("203.0.113.0/24")]
    assert ApiClient(world.viewer, world.city).get(CAMERAS, REMOTE_ADDR=ELSEWHERE).status_code == 200
    assert ApiClient(world.viewer, world.city).get(CAMERAS, REMOTE_ADDR="127.0.0.1").status_code == 401


@pytest.mark.parametrize("added", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"])
def test_a_proxy_of_this_machine_that_nobody_named_vouches_for_nobody(world: World, settings: Any, added: str) -> None:
    client = ApiClient(world.viewer, world.city)
    passed_on = {added: "https" if added == "X-Forwarded-Proto" else ELSEWHERE}
    assert client.get(CAMERAS, headers=passed_on).status_code == 401
    token = {"Authorization": f"Bearer {make_token(world.viewer, lasts=YEAR)}"}
    assert client.get(CAMERAS, headers=passed_on | token).status_code == 200
    settings.VMS_GATEWAYS_ARE_NAMED = True
    assert client.get(CAMERAS, headers=passed_on).status_code == 200


def test_a_token_is_good_from_anywhere_and_spelled_in_any_case(world: World) -> None:
    token = make_token(world.viewer, lasts=YEAR)
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = ApiClient(world.viewer, world.city).get(
            CAMERAS, REMOTE_ADDR=ELSEWHERE, headers={"Authorization": f"{scheme} {token}"}
        )
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Token abc",
        "Basic eA==",
        "abc",
        "Bearer \xe9\xff",
        "Bearer \x00",
        "Bearer 🔑",
        "Bearer " + "x" * 5000,
        "",
    ],
)
def test_a_bad_authorization_header_is_no_way_in_even_for_a_trusted_proxy(world: World, header: str) -> None:
    answer = ApiClient(world.viewer, world.city).get(CAMERAS, headers={"Authorization": header})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_who_was_deactivated_stays_out(world: World) -> None:
    token = make_token(world.viewer, lasts=YEAR)
    world.viewer.is_active = False
    world.viewer.save()
    client = ApiClient(world.viewer, world.city)
    assert client.get(CAMERAS).status_code == 403
    assert client.get(CAMERAS, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_city_id_may_be_written_in_capitals(world: World) -> None:
    answer = ApiClient(world.viewer, world.city).get(CAMERAS, headers={"X-City-ID": str(world.city.pk).upper()})
    assert answer.status_code == 200


def test_answers_are_kept_by_nobody(world: World) -> None:
    client = ApiClient(world.viewer, world.city)
    assert client.get(CAMERAS)["Cache-Control"] == "no-store"
    assert client.get(CAMERAS, headers={"X-City-ID": "x"})["Cache-Control"] == "no-store"


def test_a_signed_in_browser_can_look_around(world: World) -> None:
    page = sign_in(world.owner, world.city).get(CAMERAS)
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Market square" in page.content.decode()
    assert "Secret harbour" not in page.content.decode()


@pytest.mark.parametrize(("person", "sees_form"), [("owner", True), ("operator", False), ("viewer", False)])
def test_a_browser_sees_the_forms_its_role_allows(world: World, person: str, sees_form: bool) -> None:  # noqa: FBT001 -- a parameter of the table above
    browser = sign_in(getattr(world, person), world.city)
    assert ('name="name"' in browser.get(CAMERAS).content.decode()) == sees_form
    page = browser.get(f"{CAMERAS}/{world.camera.pk}").content.decode()
    assert ("DELETE" in page.split("Allow:")[0]) == sees_form
    switch = browser.get(f"{CAMERAS}/{world.camera.pk}/recording").content.decode()
    assert ('data-method="DELETE"' in switch) == (person != "viewer")


def test_a_browser_gets_a_problem_as_a_page(world: World) -> None:
    page = sign_in(world.owner, world.city).get(f"{CAMERAS}/{world.foreign_camera.pk}")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such thing here." in page.content.decode()


def test_a_browser_must_prove_that_its_own_page_asks(world: World) -> None:
    browser = sign_in(world.owner, world.city, enforce_csrf_checks=True)
    form = {"name": "Bridge", "location": "", "source_url": ""}
    assert browser.post(CAMERAS, form).status_code == 403
    browser.get(CAMERAS)
    form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"].value
    assert browser.post(CAMERAS, form).status_code == 201


def test_a_browser_without_a_chosen_city_is_told_to_choose(world: World) -> None:
    for city in (None, world.other_city):
        answer = sign_in(world.owner, city).get(CAMERAS)
        assert answer.status_code == 403
        assert "Choose one of your cities" in answer.json()["detail"]


def test_a_platform_administrator_is_nobody_in_a_city_not_their_own(world: World) -> None:
    world.stranger.is_superuser = True
    world.stranger.save()
    assert sign_in(world.stranger, world.city).get(CAMERAS).status_code == 403
    assert sign_in(world.stranger, world.other_city).get(CAMERAS).status_code == 200
    assert ApiClient(world.stranger, world.city).get(CAMERAS).status_code == 403


def test_our_own_pages_ask_the_api_as_whoever_is_signed_in(world: World) -> None:
    browser = sign_in(world.owner, world.city)
    for accept in ("*/*", "application/json"):
        answer = browser.get(CAMERAS, headers={"Accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        assert [row["name"] for row in answer.json()["results"]] == ["Market square"]


def test_a_session_counts_only_where_no_program_tells_who_it_is(world: World) -> None:
    browser = sign_in(world.owner, world.city)
    other = browser.get(CAMERAS, headers={"X-City-ID": str(world.city.pk), "X-User-ID": str(world.stranger.pk)})
    assert other.status_code == 403
    assert browser.get(CAMERAS, headers={"X-User-ID": str(world.owner.pk)}).status_code == 400
    assert Client(headers={"Accept": BROWSER}).get(CAMERAS).status_code == 400


def test_a_page_of_nobody_asks_the_database_nothing(world: World, django_assert_num_queries: Any) -> None:
    browser = sign_in(world.owner, world.city)
    with django_assert_num_queries(0):
        assert browser.get("/docs").status_code == 200
