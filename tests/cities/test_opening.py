"""Break-glass: what a platform administrator sees of a city without a reason, with one, and after its hour."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from cities.models import AuditAction, AuditEntry, City, Membership, Role, User
from cities.opening import SESSION_OPENED
from cities.scope import every_city
from recording.services import switch_recording
from streams.access.queries import may_watch
from tests.world import World

REASON = "Order 12/2026 of the court"
CAMERAS = "/admin/cameras/camera/"


@pytest.fixture
def administrator(world: World, now: datetime) -> User:
    """A platform administrator who is no member of any city; both cities record."""
    with every_city("a test's world spans the cities"):
        for camera in (world.camera, world.foreign_camera):
            switch_recording(camera, on=True, by=None, now=now)
    return User.objects.create_superuser("root", password="a long password")


@pytest.fixture
def client(administrator: User) -> Client:
    """The administrator's browser."""
    client = Client()
    client.force_login(administrator)
    return client


def open_city(client: Client, city: City, reason: str = REASON) -> Any:
    return client.post("/break-glass", {"city": city.pk, "reason": reason})


def log_of(city: City) -> list[tuple[str, str, str]]:
    with every_city("a test looks at everything"):
        entries = AuditEntry.objects.filter(city=city).exclude(action="live_viewed").order_by("number")
        return [(entry.action, entry.actor, entry.reason) for entry in entries]


def shift_end(client: Client, by: timedelta) -> None:
    session = client.session
    until = datetime.fromisoformat(session[SESSION_OPENED]["until"])
    session[SESSION_OPENED] |= {"until": (until + by).isoformat()}
    session.save()


def shows(client: Client, path: str) -> tuple[bool, bool]:
    page = client.get(path).content.decode()
    return "Market square" in page, "Secret harbour" in page


def test_without_a_reason_there_is_nothing_to_see(world: World, client: Client) -> None:
    first = client.get("/").content.decode()
    assert ("/break-glass" in first, "Market square" in first) == (True, False)
    assert client.get("/wall/states").status_code == 403
    assert client.get("/coverage").status_code == 302
    assert shows(client, CAMERAS) == (False, False)
    answer = client.post(f"/cameras/{world.camera.pk}/recording", {"on": "0"})
    assert answer.status_code == 403
    assert client.post("/city", {"city": world.city.pk}).status_code == 404
    assert client.get(f"{CAMERAS}{world.camera.pk}/change/").status_code == 302


@pytest.mark.parametrize("label", [page.opts.label_lower for page in admin.site._registry.values()])
def test_no_page_of_the_administration_names_a_camera(world: World, client: Client, label: str) -> None:
    base = f"/admin/{label.replace('.', '/')}/"
    for path in (base, f"{base}add/", f"{base}?q=e"):
        assert shows(client, path) == (False, False)


def test_the_pages_of_the_platform_stay(world: World, client: Client) -> None:
    for page in ("cities/city", "cities/membership", "cities/user", "cameras/mediaserver", "recording/storage"):
        assert client.get(f"/admin/{page}/").status_code == 200
    assert "Boreal" in client.get("/admin/cities/membership/").content.decode()
    form = {"username": "viewer", "city": world.other_city.pk, "role": "manager"}
    assert client.post("/admin/cities/membership/add/", form).status_code == 302
    with every_city("a test looks at everything"):
        assert Membership.objects.get(user=world.viewer, city=world.other_city).role == Role.MANAGER


def test_deleting_what_cities_hang_on_names_none_of_their_cameras(world: World, client: Client) -> None:
    people = f"cities/user/{world.viewer.pk}"
    for page in (f"cities/city/{world.city.pk}", f"cameras/mediaserver/{world.server.pk}", people):
        assert client.get(f"/admin/{page}/delete/").status_code == 200
        assert shows(client, f"/admin/{page}/delete/") == (False, False)
    open_city(client, world.city)
    server = client.get(f"/admin/cameras/mediaserver/{world.server.pk}/delete/").content.decode()
    assert "Secret harbour" not in server


def test_an_administrator_cannot_make_themselves_a_member(world: World, client: Client) -> None:
    form = {"username": "root", "city": world.city.pk, "role": "viewer"}
    answer = client.post("/admin/cities/membership/add/", form)
    assert list(answer.context["adminform"].form.errors) == ["username"]


def test_a_reason_opens_one_city_and_its_audit_log_says_so(world: World, client: Client) -> None:
    assert open_city(client, world.city).status_code == 302
    assert shows(client, "/") == shows(client, CAMERAS) == (True, False)
    for path in ("/", "/coverage", CAMERAS, "/admin/"):
        assert "You have opened Aurora as a platform administrator" in client.get(path).content.decode()
    assert log_of(world.city)[-1:] == [("break_glass", "root", REASON)]
    assert log_of(world.other_city)[-1:] != [("break_glass", "root", REASON)]
    page = client.get("/api/v1/cameras", headers={"Accept": "text/html"}).content.decode()
    assert ("Market square" in page, "Secret harbour" in page) == (True, False)


def test_opening_another_closes_the_first(world: World, client: Client) -> None:
    open_city(client, world.city)
    open_city(client, world.other_city)
    assert shows(client, "/") == shows(client, CAMERAS) == (False, True)
    assert log_of(world.city)[-1:] == [("break_glass_ended", "root", "")]


def test_it_ends_at_once_by_its_button(world: World, client: Client) -> None:
    open_city(client, world.city)
    assert client.post("/break-glass/end").status_code == 302
    assert shows(client, "/") == shows(client, CAMERAS) == (False, False)
    assert [action for action, _, _ in log_of(world.city)][-2:] == ["break_glass", "break_glass_ended"]
    client.post("/break-glass/end")
    assert [action for action, _, _ in log_of(world.city)].count("break_glass_ended") == 1


@pytest.mark.parametrize("way_out", ["/logout/", "/admin/logout/"])
def test_it_ends_with_signing_out_for_live_pictures_too(
    world: World, client: Client, administrator: User, way_out: str
) -> None:
    open_city(client, world.city)
    with every_city("a test asks as MediaMTX does"):
        assert may_watch(administrator.pk, world.camera.pk, timezone.now())
    client.post(way_out)
    assert log_of(world.city)[-1] == ("break_glass_ended", "root", "")
    with every_city("a test asks as MediaMTX does"):
        assert not may_watch(administrator.pk, world.camera.pk, timezone.now())
        assert AuditEntry.objects.filter(city=None, action=AuditAction.SIGNED_OUT).count() == 1


@pytest.mark.parametrize("by", [timedelta(minutes=-60), timedelta(minutes=5)])
def test_it_ends_by_itself_after_an_hour(world: World, client: Client, by: timedelta) -> None:
    """The second: an end that lies further ahead than an hour is nobody's."""
    open_city(client, world.city)
    shift_end(client, by)
    assert shows(client, "/") == shows(client, CAMERAS) == (False, False)
    assert client.get("/api/v1/cameras", headers={"Accept": "text/html"}).status_code == 403


def test_who_loses_the_office_loses_the_city(world: World, client: Client, administrator: User) -> None:
    open_city(client, world.city)
    administrator.is_superuser = False
    administrator.save()
    assert shows(client, "/") == shows(client, CAMERAS) == (False, False)


@pytest.mark.parametrize("reason", ["", "because", " " * 40, "a" + " " * 40 + "b", "x" * 501])
def test_what_is_no_reason_opens_nothing(world: World, client: Client, reason: str) -> None:
    before = log_of(world.city)
    answer = open_city(client, world.city, reason)
    assert answer.status_code == 200
    assert "10 to 500 letters" in answer.content.decode()
    assert shows(client, "/") == (False, False)
    assert log_of(world.city) == before


def test_a_city_that_is_not_there_cannot_be_opened(world: World, client: Client) -> None:
    for city in (str(uuid4()), "Aurora", ""):
        assert client.post("/break-glass", {"city": city, "reason": REASON}).status_code == 404


def test_nobody_else_opens_anything(world: World) -> None:
    client = Client()
    assert client.get("/break-glass")["Location"].startswith("/login/")
    client.force_login(world.owner)
    assert client.get("/break-glass").status_code == 403
    assert client.post("/break-glass", {"city": world.other_city.pk, "reason": REASON}).status_code == 403
    assert client.post("/break-glass/end").status_code == 403
    assert shows(client, "/") == (True, False)


def test_the_platforms_own_chain_is_the_administrators(world: World, client: Client) -> None:
    client.post("/admin/cities/user/add/", {"username": "newcomer", "usable_password": "false"})
    page = client.get("/admin/cities/auditentry/").content.decode()
    assert str(AuditAction.ACCOUNT_CHANGED.label) in page


def test_an_administrator_who_is_a_member_needs_no_reason(world: World, client: Client, administrator: User) -> None:
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=administrator, city=world.city, role=Role.MANAGER)
    assert shows(client, "/") == shows(client, CAMERAS) == (True, False)
    assert world.city.name not in client.get("/break-glass").content.decode().split("<select")[1].split("</select")[0]
