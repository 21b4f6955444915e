"""Each role may do in the administration what docs/roles.md says of each model, in its own city and nowhere else."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.test import Client, RequestFactory

from cities.middleware import _scope_of_staff
from cities.models import City, User
from cities.opening import Opened
from cities.scope import CityOwned
from tests.matrix.full_world import FullWorld
from tests.matrix.table import ADMINISTRATOR, ROLES, WITH_A_REASON, read_table
from tests.world import NOW

PAGES = {page.opts.label_lower: page for page in admin.site._registry.values()}


def ask(page: Any, user: User, city: City, opened: City | None = None) -> str:
    """Give what the user may do with the model's rows, as the table writes it; the rows are in `city`."""
    request = request_of(page, user)
    with _scope_of_staff(request, user, Opened(opened, NOW) if opened else None):
        row = row_of(page.model, city)
        verbs = [verb for verb in ("view", "change", "delete") if getattr(page, f"has_{verb}_permission")(request, row)]
        if "view" in verbs and page.has_add_permission(request):
            verbs.insert(1, "add")
        if "view" in verbs:
            verbs += [name.replace("_", " ") for name in page.get_actions(request) if name != "delete_selected"]
    return ", ".join(verbs) or "no"


def request_of(page: Any, user: User) -> HttpRequest:
    request = RequestFactory().get(f"/admin/{page.opts.label_lower.replace('.', '/')}/")
    request.user = user
    return request


def row_of(model: type[Model], city: City) -> Model:
    if model is City:
        return city
    return model(city=city) if issubclass(model, CityOwned) else model()


def make_staff(*people: User) -> None:
    for person in people:
        person.is_staff = True
        person.save()


def test_every_model_has_its_row_and_every_row_its_model() -> None:
    assert set(read_table("Rows")) == set(PAGES)


@pytest.mark.parametrize("label", PAGES)
def test_each_role_may_with_rows_what_is_its_own(full: FullWorld, label: str) -> None:
    page, said = PAGES[label], read_table("Rows")[label]
    for role in ROLES:
        person = full.of_role(role)
        make_staff(person)
        assert (role, ask(page, person, full.city)) == (role, said[role])
        client = Client()
        client.force_login(person)
        expected = 200 if "view" in said[role] else 403
        assert client.get(f"/admin/{label.replace('.', '/')}/").status_code == expected


@pytest.mark.parametrize("label", [label for label, page in PAGES.items() if issubclass(page.model, CityOwned | City)])
def test_no_role_may_anything_with_rows_of_another_city(full: FullWorld, label: str) -> None:
    page = PAGES[label]
    for role in ROLES:
        make_staff(full.of_role(role))
        assert (role, ask(page, full.of_role(role), full.other_city)) == (role, "no")


@pytest.mark.parametrize("label", PAGES)
def test_who_administers_the_platform_needs_a_reason_for_rows_of_a_city(full: FullWorld, label: str) -> None:
    page, said = PAGES[label], read_table("Rows")[label][ADMINISTRATOR]
    _, needs_reason, verbs = said.rpartition(f"{WITH_A_REASON}: ")
    assert ask(page, full.administrator, full.city, opened=full.city) == verbs
    assert ask(page, full.administrator, full.city) == ("no" if needs_reason else verbs)


@pytest.mark.parametrize("label", [label for label, page in PAGES.items() if issubclass(page.model, CityOwned)])
def test_who_administers_the_platform_finds_no_row_of_a_city(full: FullWorld, label: str) -> None:
    page = PAGES[label]
    request = request_of(page, full.administrator)
    with _scope_of_staff(request, full.administrator, None):
        found = page.get_queryset(request).exclude(city=None).exists()
    assert found == (not read_table("Rows")[label][ADMINISTRATOR].startswith(WITH_A_REASON))
