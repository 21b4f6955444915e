"""What a platform administrator does to the platform is noted in its own chain, whichever page it is done on."""

from typing import Any

import pytest
from django.test import Client
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_otp.plugins.otp_totp.models import TOTPDevice

from cities.models import ApiToken, AuditEntry, User
from cities.scope import every_city
from tests.world import World

ACTIONS = ("enable_tasks", "disable_tasks", "toggle_tasks", "delete_selected")


@pytest.fixture
def client(world: World) -> Client:
    """The browser of a platform administrator."""
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    return browser


def noted() -> list[tuple[str, str, str, Any]]:
    with every_city("this test looks at the platform's chain"):
        rows = AuditEntry.objects.filter(city=None).order_by("number")
        return [(row.action, row.actor, row.subject, row.facts) for row in rows]


def test_a_password_given_to_somebody(world: World, client: Client) -> None:
    page = f"/admin/cities/user/{world.viewer.pk}/password/"
    new = {"password1": "Another long one 7", "password2": "Another long one 7", "usable_password": "true"}
    for user, name in ((world.viewer, "probe"), (world.owner, "another's")):
        ApiToken.objects.create(user=user, name=name)
    assert "All API tokens of this account are revoked" in client.get(page).content.decode()
    client.post(page, new | {"password2": "not the same"})
    told = client.post(page, new, follow=True).content.decode()
    world.viewer.refresh_from_db()
    assert world.viewer.check_password("Another long one 7")
    assert "1 API token was revoked with the old password: probe." in told
    assert list(ApiToken.objects.values_list("name", flat=True)) == ["another's"]
    facts = {"is_new": False, "changed": ["password"], "revoked_tokens": ["probe"]}
    assert noted() == [("account_changed", "root", "viewer", facts)]


def test_somebodys_second_step_and_token_taken_away(world: World, client: Client) -> None:
    device = TOTPDevice.objects.create(user=world.viewer, name="app")
    ApiToken.objects.create(user=world.viewer, name="probe")
    client.post(f"/admin/otp_totp/totpdevice/{device.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [ApiToken.objects.get().pk], "post": "yes"}
    client.post("/admin/cities/apitoken/", chosen)
    assert (TOTPDevice.objects.count(), ApiToken.objects.count()) == (0, 0)
    assert noted() == [
        ("second_step_removed", "root", "viewer", {"removed": True}),
        ("token_revoked", "root", "viewer", {"removed": True}),
    ]


def test_a_media_server_that_leads_elsewhere(world: World, client: Client) -> None:
    names = ("name", "api_url", "public_rtsp_url", "public_hls_url", "public_webrtc_url", "recordings_root")
    form = {name: getattr(world.server, name) for name in names} | {"rtsp_url": "rtsp://elsewhere.example:8554"}
    client.post(f"/admin/cameras/mediaserver/{world.server.pk}/change/", form)
    assert noted() == [("platform_changed", "root", "main", {"is_new": False, "changed": ["rtsp_url"]})]


@pytest.mark.parametrize("action", ACTIONS)
def test_the_schedule(world: World, client: Client, action: str) -> None:
    rhythm = IntervalSchedule.objects.create(every=10, period="seconds")
    task = PeriodicTask.objects.create(name="sweep", task="streams.access.tasks.sweep_sessions", interval=rhythm)
    chosen = {"action": action, "_selected_action": [task.pk]}
    client.post("/admin/django_celery_beat/periodictask/", chosen)
    before = noted()
    client.post("/admin/django_celery_beat/periodictask/", chosen | {"post": "yes"})
    done = {"removed": True} if action == "delete_selected" else {"action": action}
    assert [each[3] for each in noted()[len(before) :]] == [done]
    assert [each[3] for each in before] == ([] if action == "delete_selected" else [done])


def test_a_city_s_change_stands_in_its_own_chain(world: World, client: Client) -> None:
    client.post(f"/admin/cities/city/{world.city.pk}/change/", {"name": "Aurora", "time_zone": "Europe/Lisbon"})
    with every_city("this test looks at the city's chain"):
        entries = AuditEntry.objects.filter(city=world.city).values_list("action", "subject", "facts")
        assert list(entries) == [("city_changed", "Aurora", {"is_new": False, "changed": ["time_zone"]})]
    assert noted() == []


def test_what_a_city_hangs_on_is_not_removed_and_what_hangs_there_is_counted(world: World, client: Client) -> None:
    page = client.post(f"/admin/cameras/mediaserver/{world.server.pk}/delete/", {"post": "yes"}).content.decode()
    assert ("2 rows of cities or of the log" in page, "Market square" in page) == (True, False)
    assert noted() == []
