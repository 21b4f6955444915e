"""Every address outside of the API, for everybody, as docs/roles.md says."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, get_resolver

from cities.models import User
from cities.scope import every_city
from recording.models import DeletionRecord
from tests.matrix.full_world import FullWorld, errand_of, rows
from tests.matrix.operations import PREFIX, walk_routes
from tests.matrix.table import ADMINISTRATOR, ROLES, WITH_A_REASON, read_table

ROWS = read_table("Page")
REASON = "Order 12/2026 of the court"
SECRETS = ("Secret harbour", "Boreal", "hunter2")
OF_MODELS = re.compile(r"_(changelist|add|change|delete|history|password_change)$")
KINDS = {
    "/address/{errand_id}": "stream_address",
    "/discover/": "discovery",
    "/test/": "connection",
    "/import/": "import",
    "/switched/": "switch",
}
"""Which errand an address names; the first that fits."""
FORMS: dict[str, dict[str, str]] = {
    "POST /cameras/{camera_id}/recording": {"on": "0"},
    "POST /admin/cameras/camera/{camera_id}/recording/": {"on": "0"},
    "GET /wall/cards": {"ids": "{camera_id}"},
    "POST /cameras/new": {"name": "New camera", "source_url": "rtsp://10.0.0.6/live"},
    "POST /cameras/{camera_id}/edit": {"name": "Market square", "location": "Elsewhere"},
    "POST /cameras/test": {"source_url": "rtsp://10.0.0.6/live"},
    "POST /cameras/discover/{errand_id}/address": {"address": "10.0.0.9"},
    "POST /cameras/import": {"table": "name\nNew gate"},
    "POST /cameras/switch": {"camera": "{camera_id}", "on": "0"},
    "POST /city": {"city": "{city_id}"},
    "POST /break-glass": {"city": "{city_id}", "reason": REASON},
    "POST /login/": {"username": "nobody", "password": "wrong"},
    "POST /language": {"language": "en"},
    "POST /account/tokens": {"name": "probe", "days": "30"},
    "GET /admin/autocomplete/": {"app_label": "cities", "model_name": "membership", "field_name": "city"},
    "GET /admin/search/": {"s": "market"},
}


def walk_pages() -> set[str]:
    """Give every route outside of the API, and outside of what each model's own row stands for."""
    models = {page.opts.label_lower.replace(".", "/") for page in admin.site._registry.values()}
    redirects = {f"/admin/{model}/{{object_id}}/" for model in models}
    found = ((straighten(route), entry) for route, entry in walk_routes(get_resolver().url_patterns))
    inside = {route for route, entry in found if route.startswith(PREFIX) or route in redirects or is_of_model(entry)}
    return {straighten(route) for route, _entry in walk_routes(get_resolver().url_patterns)} - inside


def straighten(route: str) -> str:
    """Write a regular expression of the administration like any other route."""
    return re.sub(r"\^?\(\?P\{(\w+)\}[^)]*\)(/?)\$", r"{\1}\2", route)


def is_of_model(entry: URLPattern) -> bool:
    names = {f"{page.opts.app_label}_{page.opts.model_name}" for page in admin.site._registry.values()} | {"auth_user"}
    name = entry.name or ""
    return bool(OF_MODELS.search(name)) and OF_MODELS.sub("", name) in names


def sign_in(user: User) -> Client:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client = Client()
    client.force_login(user)
    return client


def ask(client: Client, row: str, full: FullWorld) -> Any:
    """Ask for a page of our city."""
    method, route = row.split()
    with every_city("a test's world spans the cities"):
        record = DeletionRecord.objects.get(city=full.city)
    ids: dict[str, Any] = {"camera_id": full.camera.pk, "city_id": full.city.pk, "pk": record.pk}
    ids |= {"app_label": "cameras", "url": "nowhere", "content_type_id": 1, "object_id": full.camera.pk}
    ids |= {"token": "none-of-ours", "offset": 0, "size": 1}
    user_id = int(client.session.get("_auth_user_id") or 0) or None
    kind = next((kind for part, kind in KINDS.items() if part in route), "")
    if kind:
        ids |= {"errand_id": errand_of(user_id, kind), "search_id": errand_of(user_id, "discovery")}
    form = {name: value.format(**ids) for name, value in FORMS.get(row, {}).items()}
    send = client.get if method == "GET" else client.post
    return send(route.format(**ids), form, headers={"Accept": "text/html, application/json"})


def is_let_in(answer: Any) -> bool:
    return answer.status_code < 400 and "login/?next=" not in answer.headers.get("Location", "")


def test_every_page_has_its_row_and_every_row_its_page() -> None:
    assert {row.split()[1] for row in ROWS} == walk_pages()


@pytest.mark.parametrize("row", ROWS)
def test_who_is_not_signed_in_finds_the_door_or_what_is_for_everybody(full: FullWorld, row: str) -> None:
    said, before = ROWS[row]["not signed in"], rows()
    answer = ask(Client(), row, full)
    assert is_let_in(answer) == said.startswith("yes: ")
    if said == "sign in":
        assert answer.status_code == 401 or "login/?next=" in answer["Location"]
    assert rows() == before
    assert "Market square" not in answer.getvalue().decode()


@pytest.mark.parametrize("row", ROWS)
def test_each_role_finds_its_pages_and_nothing_of_another_city_on_them(full: FullWorld, row: str) -> None:
    for role in sorted(ROLES, key=lambda role: ROWS[row][role]):  # who may not comes first: they change nothing
        before = rows()
        answer = ask(sign_in(full.of_role(role)), row, full)
        assert (role, is_let_in(answer)) == (role, ROWS[row][role] == "yes")
        assert [secret for secret in SECRETS if secret in answer.getvalue().decode()] == []
        if ROWS[row][role] != "yes":
            assert answer.status_code in {401, 403, 404}
            assert rows() == before


@pytest.mark.parametrize("row", ROWS)
def test_who_administers_the_platform_needs_a_reason_for_what_is_a_city_s(full: FullWorld, row: str) -> None:
    said, before = ROWS[row][ADMINISTRATOR], rows()
    client = sign_in(full.administrator)
    answer = ask(client, row, full)
    assert "Market square" not in answer.getvalue().decode()
    assert rows() == before
    if said == WITH_A_REASON:
        client.post("/break-glass", {"city": full.city.pk, "reason": REASON})
        answer = ask(client, row, full)
    assert is_let_in(answer) == (said != "no")
