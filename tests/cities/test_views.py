"""Signing in, the language, and the city one looks at."""

import re
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django.asserts import assertRedirects

from cities.models import Membership, User
from cities.scope import city_scope, every_city
from tests.world import World


@pytest.fixture
def client_of_two(world: World) -> Client:
    """A viewer of both cities."""
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=world.viewer, city=world.other_city, role="viewer")
    client = Client()
    client.force_login(world.viewer)
    return client


def test_signing_in_leads_to_the_wall_and_out_again(world: World) -> None:
    client = Client()
    assertRedirects(client.post("/login/", {"username": "viewer", "password": "a long password"}), "/")
    assertRedirects(client.get("/login/"), "/")
    assertRedirects(client.post("/logout/"), "/login/")
    assertRedirects(client.get("/"), "/login/?next=/")


def test_a_wrong_password_and_an_unknown_name_are_told_alike(world: World) -> None:
    pages = [
        Client().post("/login/", {"username": name, "password": "wrong"}).context["form"].non_field_errors()
        for name in ("viewer", "nobody")
    ]
    assert pages[0] == pages[1]
    assert len(pages[0]) == 1


def test_signing_in_sends_nobody_to_another_site(world: World) -> None:
    form = {"username": "viewer", "password": "a long password", "next": "https://evil.example/"}
    assertRedirects(Client().post("/login/", form), "/")


def test_signing_out_by_a_link_is_impossible(world: World, client_of_two: Client) -> None:
    assert client_of_two.get("/logout/").status_code == 405


def test_choosing_another_of_one_s_cities_changes_the_wall(world: World, client_of_two: Client) -> None:
    before = client_of_two.get("/").content.decode()
    assertRedirects(client_of_two.post("/city", {"city": str(world.other_city.pk)}), "/")
    after = client_of_two.get("/").content.decode()
    assert ("Market square" in before, "Secret harbour" in before) == (True, False)
    assert ("Market square" in after, "Secret harbour" in after) == (False, True)


def test_a_city_that_is_not_one_s_own_does_not_exist(world: World) -> None:
    client = Client()
    client.force_login(world.stranger)
    answers = [client.post("/city", {"city": city}) for city in (str(world.city.pk), str(uuid4()), "bogus", "")]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", answer.content) for answer in answers}) == 1
    assert "Market square" not in client.get("/").content.decode()


def test_who_leaves_a_city_stops_seeing_it_at_once(world: World, client_of_two: Client) -> None:
    client_of_two.post("/city", {"city": str(world.other_city.pk)})
    with city_scope(world.other_city.pk):
        Membership.objects.filter(user=world.viewer).delete()
    page = client_of_two.get("/").content.decode()
    assert ("Market square" in page, "Secret harbour" in page) == (True, False)


def test_a_locked_account_is_out(world: World, client_of_two: Client) -> None:
    User.objects.filter(pk=world.viewer.pk).update(is_active=False)
    assertRedirects(client_of_two.get("/"), "/login/?next=/")


def test_choosing_needs_a_post_and_a_signed_in_member(world: World, client_of_two: Client) -> None:
    assert client_of_two.get("/city").status_code == 405
    assertRedirects(Client().post("/city", {"city": str(world.city.pk)}), "/login/?next=/city")


def test_the_language_is_chosen_by_hand_or_by_the_browser(world: World, client_of_two: Client) -> None:
    assert "<h1>Cameras</h1>" in client_of_two.get("/").content.decode()
    by_browser = client_of_two.get("/", headers={"Accept-Language": "pt-BR"}).content.decode()
    client_of_two.post("/language", {"language": "pt-br", "next": "/"})
    by_hand = client_of_two.get("/").content.decode()
    assert ["<h1>Câmeras</h1>" in by_browser, "<h1>Câmeras</h1>" in by_hand] == [True, True]
    assert 'lang="pt-br"' in by_hand


@pytest.mark.parametrize("path", ["/nothing-here", "/cameras/bogus/recording"])
def test_what_does_not_exist_is_said_in_our_look(world: World, client_of_two: Client, path: str) -> None:
    answer = client_of_two.get(path)
    assert answer.status_code == 404
    assert "To the cameras" in answer.content.decode()
