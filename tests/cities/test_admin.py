"""The administration stays inside one's own cities and one's own role."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from cameras.models import Camera
from cities.models import ApiToken, Membership, Role, User
from cities.scope import CityOwned, city_scope, every_city
from observers.models import UnknownPath
from recording.services import switch_recording
from tests.world import World

LEAKS = ["Secret harbour", "Boreal", "hunter2", "10.9.9.9", "stranger"]
PLATFORM = [
    "cities/user",
    "cameras/mediaserver",
    "observers/unknownpath",
    "recording/storage",
    "cities/apitoken",
    "django_celery_beat/periodictask",
    "django_celery_beat/intervalschedule",
]


def staff(user: User, **flags: bool) -> Client:
    User.objects.filter(pk=user.pk).update(is_staff=True, **flags)
    user.refresh_from_db()
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def leaky(world: World, now: Any) -> World:
    """A world in which the other city has one of everything."""
    with every_city("a test's world spans the cities"):
        switch_recording(world.foreign_camera, on=True, by=world.stranger, now=now)
        switch_recording(world.camera, on=True, by=world.owner, now=now)
    UnknownPath.objects.create(media_server=world.server, name="Secret harbour's path", first_seen_at=now)
    ApiToken.objects.create(user=world.stranger, name="secret probe")
    return world


def pages_of(client: Client) -> list[str]:
    """Every page that the administration has for its lists, plus its index."""
    labels = [page.opts.label_lower.replace(".", "/") for page in admin.site._registry.values()]
    return ["/admin/", *(f"/admin/{label}/" for label in labels), *(f"/admin/{label}/add/" for label in labels)]


@pytest.mark.parametrize("who", ["viewer", "operator", "owner"])
def test_no_page_shows_anything_of_another_city(leaky: World, who: str) -> None:
    client = staff(getattr(leaky, who))
    shown = {}
    for path in pages_of(client):
        answer = client.get(path)
        assert answer.status_code in {200, 403}, path
        shown[path] = [leak for leak in LEAKS if leak in answer.content.decode()]
    assert {path: leaks for path, leaks in shown.items() if leaks} == {}


def test_the_world_of_these_tests_could_leak(leaky: World) -> None:
    client = staff(leaky.stranger, is_superuser=True)
    shown = "".join(client.get(path).content.decode() for path in pages_of(client))
    assert [leak in shown for leak in ("Secret harbour", "Boreal", "stranger")] == [True] * 3


@pytest.mark.parametrize("who", ["viewer", "operator", "owner"])
@pytest.mark.parametrize("label", PLATFORM)
def test_what_spans_the_cities_is_for_platform_administrators(leaky: World, who: str, label: str) -> None:
    client = staff(getattr(leaky, who))
    assert [client.get(f"/admin/{label}/{page}").status_code for page in ("", "add/")] == [403, 403]
    assert label not in client.get("/admin/").content.decode()


@pytest.mark.parametrize("label", [*PLATFORM, "cities/city", "cities/membership", "cameras/camera"])
def test_a_platform_administrator_opens_every_list(leaky: World, label: str) -> None:
    assert staff(leaky.owner, is_superuser=True).get(f"/admin/{label}/").status_code == 200


def test_who_is_not_staff_gets_nowhere(leaky: World) -> None:
    client = Client()
    client.force_login(leaky.owner)
    assert client.get("/admin/cameras/camera/")["Location"].startswith("/admin/login/")


def test_staff_without_a_city_sees_nothing(leaky: World) -> None:
    client = staff(User.objects.create_user("newcomer"))
    assert client.get("/admin/cameras/camera/").status_code == 403
    assert client.get("/admin/").status_code == 200


def test_one_s_own_old_actions_name_no_camera_of_a_city_one_has_left(leaky: World) -> None:
    LogEntry.objects.create(
        user=leaky.owner,
        content_type=ContentType.objects.get_for_model(Camera),
        object_id=str(leaky.foreign_camera.pk),
        object_repr="Secret harbour",
        action_flag=CHANGE,
    )
    client = staff(leaky.owner)
    assert "Secret harbour" not in client.get("/admin/").content.decode()
    history = client.get(f"/admin/cameras/camera/{leaky.foreign_camera.pk}/history/", follow=True)
    assert "Secret harbour" not in history.content.decode()


def test_choices_for_fields_elsewhere_stay_in_scope(leaky: World) -> None:
    client = staff(leaky.owner)
    for field in ("user", "city"):
        ask = {"app_label": "cities", "model_name": "membership", "field_name": field, "term": ""}
        answer = client.get("/admin/autocomplete/", ask)
        assert [leak for leak in LEAKS if leak in answer.content.decode()] == []
    for term in ("secret", "boreal"):
        assert "/change/" not in client.get("/admin/search/", {"s": term, "extended": "1"}).content.decode()


def test_the_secret_of_a_second_step_is_not_found_letter_by_letter(world: World) -> None:
    device = TOTPDevice.objects.create(user=world.viewer, name="app")
    client = staff(world.owner, is_superuser=True)
    page = "/admin/otp_totp/totpdevice/"
    asked = [{"key__startswith": device.key[:1]}, {"key__startswith": "x"}, {"confirmed": "1"}, {"q": "viewer"}]
    assert [client.get(page, each).status_code for each in asked] == [400, 400, 200, 200]


def test_a_manager_gives_an_account_a_place_in_their_city(world: World) -> None:
    client = staff(world.owner)
    User.objects.create_user("newcomer")
    client.post("/admin/cities/membership/add/", {"username": "newcomer", "city": world.city.pk, "role": "operator"})
    with city_scope(world.city.pk):
        assert Membership.objects.get(user__username="newcomer").role == "operator"


@pytest.mark.parametrize(
    ("username", "city", "field"),
    [
        ("nobody", "city", "username"),
        ("viewer", "city", "username"),
        ("viewer", "other_city", "city"),
    ],
)
def test_a_membership_that_cannot_be_is_refused_at_its_field(
    world: World, username: str, city: str, field: str
) -> None:
    form = {"username": username, "city": getattr(world, city).pk, "role": "manager"}
    answer = staff(world.owner).post("/admin/cities/membership/add/", form)
    assert list(answer.context["adminform"].form.errors) == [field]
    with every_city("a test looks at everything"):
        assert Membership.objects.count() == 4


@pytest.mark.parametrize("who", ["viewer", "operator"])
def test_only_managers_see_and_change_memberships(world: World, who: str) -> None:
    client = staff(getattr(world, who))
    assert client.get("/admin/cities/membership/").status_code == 403
    form = {"username": "stranger", "city": world.city.pk, "role": "manager"}
    assert client.post("/admin/cities/membership/add/", form).status_code == 403


def test_a_manager_changes_a_role_and_nothing_else(world: World) -> None:
    with city_scope(world.city.pk):
        membership = Membership.objects.get(user=world.viewer)
    form = {"role": "operator", "city": world.other_city.pk, "user": world.stranger.pk, "username": "stranger"}
    staff(world.owner).post(f"/admin/cities/membership/{membership.pk}/change/", form)
    with every_city("a test looks at everything"):
        membership.refresh_from_db()
    assert (membership.role, membership.city_id, membership.user_id) == (Role.OPERATOR, world.city.pk, world.viewer.pk)


def test_a_foreign_membership_cannot_be_touched(world: World) -> None:
    with city_scope(world.other_city.pk):
        foreign = Membership.objects.get(user=world.stranger)
    client = staff(world.owner)
    client.post(f"/admin/cities/membership/{foreign.pk}/change/", {"role": "viewer"})
    client.post(f"/admin/cities/membership/{foreign.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [foreign.pk], "post": "yes"}
    client.post("/admin/cities/membership/", chosen)
    with every_city("a test looks at everything"):
        assert Membership.objects.get(pk=foreign.pk).role == Role.MANAGER


def test_a_manager_of_one_city_who_views_another_changes_only_the_first(world: World) -> None:
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=world.owner, city=world.other_city, role=Role.VIEWER)
        foreign = Membership.objects.get(user=world.stranger)
    client = staff(world.owner)
    assert "stranger" not in client.get("/admin/cities/membership/").content.decode()
    client.post(f"/admin/cities/membership/{foreign.pk}/change/", {"role": "viewer"})
    form = {"username": "operator", "city": world.other_city.pk, "role": "manager"}
    client.post("/admin/cities/membership/add/", form)
    with every_city("a test looks at everything"):
        roles = Membership.objects.filter(city=world.other_city).values_list("user__username", "role")
        assert sorted(roles) == [("owner", "viewer"), ("stranger", "manager")]


def test_a_city_is_looked_at_by_its_members_and_changed_by_nobody_of_them(world: World) -> None:
    client = staff(world.owner)
    own, foreign = (f"/admin/cities/city/{city.pk}/change/" for city in (world.city, world.other_city))
    assert client.get(own).status_code == 200
    assert client.post(own, {"name": "Mine", "time_zone": "UTC"}).status_code == 403
    assert "Boreal" not in client.get(foreign, follow=True).content.decode()
    assert client.post("/admin/cities/city/add/", {"name": "New", "time_zone": "UTC"}).status_code == 403


def test_a_platform_administrator_makes_accounts_and_cities(world: World) -> None:
    client = staff(world.owner, is_superuser=True)
    form = {
        "username": "newcomer",
        "password1": "a long pass-word",
        "password2": "a long pass-word",
        "usable_password": "true",
    }
    assert client.post("/admin/cities/user/add/", form).status_code == 302
    assert User.objects.get(username="newcomer").check_password("a long pass-word")
    wrong = client.post("/admin/cities/city/add/", {"name": "Clara", "time_zone": "Mars/Base"})
    assert list(wrong.context["adminform"].form.errors) == ["time_zone"]
    assert client.post("/admin/cities/city/add/", {"name": "Clara", "time_zone": "America/Bahia"}).status_code == 302


@pytest.mark.parametrize("label", [page.opts.label_lower for page in admin.site._registry.values()])
def test_every_page_of_the_administration_opens(leaky: World, label: str) -> None:
    """Each list and, where rows are there, a row's own page and the page to add one."""
    client = staff(leaky.owner, is_superuser=True)
    base = f"/admin/{label.replace('.', '/')}/"
    page = next(page for page in admin.site._registry.values() if page.opts.label_lower == label)
    assert client.get(base, {"q": "a"}).status_code == 200
    assert client.get(f"{base}add/").status_code in {200, 403}
    with every_city("a test looks at everything"):
        rows = page.model._base_manager.all()
        row = (rows.filter(city=leaky.city) if issubclass(page.model, CityOwned) else rows).first()
    assert row is None or client.get(f"{base}{row.pk}/change/").status_code == 200


def test_the_packages_pages_have_names_in_words(world: World) -> None:
    shown = staff(world.owner, is_superuser=True).get("/admin/").content.decode()
    assert [word in shown for word in ("Failed sign-ins", "Second steps")] == [True, True]
    assert [word in shown for word in ("Axes", "Otp_Totp")] == [False, False]
    portuguese = staff(world.owner, is_superuser=True).get("/admin/", headers={"Accept-Language": "pt-br"})
    assert [word in portuguese.content.decode() for word in ("Failed", "Replay")] == [False, False]


def test_every_page_finds_the_icon(world: World) -> None:
    answer = Client().get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (302, "/static/pages/logo.svg")
    assert 'href="/static/pages/logo.svg"' in staff(world.owner).get("/admin/").content.decode()
