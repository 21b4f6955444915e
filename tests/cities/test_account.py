"""Signing in by two steps, guessing, and one's own tokens."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django.asserts import assertRedirects

from cities import account, second_step
from cities.errors import InvalidInput
from cities.models import ApiToken, AuditEntry, User
from cities.scope import every_city
from tests.world import ApiClient, World

PASSWORD = "a long password"


def sign_in(name: str = "viewer", password: str = PASSWORD, **extra: Any) -> tuple[Client, Any]:
    client = Client()
    return client, client.post("/login/", {"username": name, "password": password, "next": "/account"}, **extra)


def code_of(user: User, *, steps: int = 0) -> str:
    """Give the code that the user's app shows now, or some steps later."""
    device = TOTPDevice.objects.get(user=user)
    return f"{totp(device.bin_key, drift=steps):06d}"


def enrol(user: User) -> list[str]:
    second_step.begin_enrolment(user)
    return second_step.confirm_enrolment(user, code_of(user))


def forget_codes(user: User) -> None:
    """Let the same code count again, and lift the pause after wrong ones: half a minute passes."""
    TOTPDevice.objects.filter(user=user).update(last_t=-1, throttling_failure_count=0)


def is_in(client: Client) -> bool:
    return client.get("/account").status_code == 200


def test_who_has_no_second_step_signs_in_as_ever(world: World) -> None:
    client, answer = sign_in()
    assertRedirects(answer, "/account")
    assert is_in(client)


def test_with_a_second_step_the_password_alone_lets_nobody_in(world: World) -> None:
    enrol(world.viewer)
    forget_codes(world.viewer)
    client, answer = sign_in()
    assertRedirects(answer, "/login/code")
    assert not is_in(client)
    assert client.post("/login/code", {"code": "000000"}).status_code == 200
    assert not is_in(client)
    forget_codes(world.viewer)
    assertRedirects(client.post("/login/code", {"code": code_of(world.viewer)}), "/account")
    assert is_in(client)


def test_a_code_counts_once(world: World) -> None:
    enrol(world.viewer)
    forget_codes(world.viewer)
    code = code_of(world.viewer)
    first, second = sign_in()[0], sign_in()[0]
    first.post("/login/code", {"code": code})
    second.post("/login/code", {"code": code})
    assert (is_in(first), is_in(second)) == (True, False)


def test_a_backup_code_lets_in_once_and_without_the_phone(world: World) -> None:
    codes = enrol(world.viewer)
    first, second = sign_in()[0], sign_in()[0]
    first.post("/login/code", {"code": codes[0].upper()})
    second.post("/login/code", {"code": codes[0]})
    assert (len(codes), is_in(first), is_in(second)) == (10, True, False)
    assert StaticToken.objects.count() == 9


def test_wrong_codes_slow_the_next_one_down(world: World) -> None:
    enrol(world.viewer)
    TOTPDevice.objects.update(last_t=-1)
    client, _ = sign_in()
    for _attempt in range(3):
        client.post("/login/code", {"code": "000000"})
    client.post("/login/code", {"code": code_of(world.viewer)})
    assert not is_in(client)


def test_another_s_code_does_not_help(world: World) -> None:
    enrol(world.viewer)
    enrol(world.stranger)
    forget_codes(world.stranger)
    client, _ = sign_in()
    client.post("/login/code", {"code": code_of(world.stranger)})
    assert not is_in(client)


def test_the_half_way_is_worth_nothing_after_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    enrol(world.viewer)
    forget_codes(world.viewer)
    client, _ = sign_in()
    late: datetime = timezone.now() + account.HALF_SIGNED_IN_FOR + timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: late)
    assertRedirects(client.get("/login/code"), "/login/", fetch_redirect_response=False)
    assertRedirects(Client().get("/login/code"), "/login/", fetch_redirect_response=False)


def test_the_half_way_is_worth_nothing_after_a_new_password(world: World) -> None:
    enrol(world.viewer)
    forget_codes(world.viewer)
    client, _ = sign_in()
    world.viewer.set_password("Another long one 7")
    world.viewer.save()
    assertRedirects(client.post("/login/code", {"code": code_of(world.viewer)}), "/login/")
    assert not is_in(client)


def test_the_administration_has_no_door_of_its_own(world: World) -> None:
    answer = Client().get("/admin/login/?next=/admin/")
    assertRedirects(answer, "/login/?next=/admin/")
    assert Client().post("/admin/login/", {"username": "viewer", "password": PASSWORD}).status_code == 302


def test_setting_up_shows_secret_and_backup_codes_once(world: World) -> None:
    client, _ = sign_in()
    page = client.get("/account/second-step").content.decode()
    assert client.get("/account/second-step").content.decode().count(TOTPDevice.objects.get().config_url[:9]) == 0
    assert "data:image/svg+xml" in page
    wrong = client.post("/account/second-step", {"code": "123"})
    assert "This is not the code that the app shows now." in wrong.content.decode()
    assert not second_step.has_second_step(world.viewer)
    forget_codes(world.viewer)
    done = client.post("/account/second-step", {"code": code_of(world.viewer)})
    shown = re.findall(r"<li><code>(\w+)</code></li>", done.content.decode())
    assert sorted(shown) == sorted(StaticToken.objects.values_list("token", flat=True))
    assertRedirects(client.get("/account/second-step"), "/account")
    assert done["Cache-Control"] == "no-store"


def test_taking_it_away_wants_the_password(world: World) -> None:
    client, _ = sign_in()
    enrol(world.viewer)
    client.post("/account/second-step/remove", {"password": "wrong"})
    assert second_step.has_second_step(world.viewer)
    client.post("/account/second-step/remove", {"password": PASSWORD})
    assert not second_step.has_second_step(world.viewer)


def test_a_code_before_any_enrolment_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput):
        second_step.confirm_enrolment(world.viewer, "123456")


def test_guessing_locks_this_name_from_this_address_only(world: World, settings) -> None:
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        _, answer = sign_in(password="wrong", REMOTE_ADDR="203.0.113.9")
    assert answer.status_code == 429
    assert "Too many tries" in answer.content.decode()
    assert sign_in(REMOTE_ADDR="203.0.113.9")[1].status_code == 429
    assertRedirects(sign_in(REMOTE_ADDR="203.0.113.10")[1], "/account")
    assertRedirects(sign_in("owner", REMOTE_ADDR="203.0.113.9")[1], "/account")


@pytest.mark.parametrize(
    ("page", "field"), [("/account/second-step/remove", "password"), ("/account/password", "old_password")]
)
def test_who_has_somebodys_session_guesses_the_password_no_oftener_than_at_the_door(
    world: World, settings: Any, page: str, field: str
) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    enrol(world.viewer)
    client = Client()
    client.force_login(world.viewer)
    new = {"new_password1": "Another long one 7", "new_password2": "Another long one 7"}
    guesses = [client.post(page, new | {field: guess}) for guess in ("wrong", "wrong too", "wrong again", PASSWORD)]
    assert ["Too many tries" in str(each.content) for each in guesses] == [False, False, True, True]
    world.viewer.refresh_from_db()
    assert (world.viewer.check_password(PASSWORD), second_step.has_second_step(world.viewer)) == (True, True)


def change_password(client: Client, *, old: str = PASSWORD) -> Any:
    new = {"new_password1": "Another long one 7", "new_password2": "Another long one 7"}
    return client.post("/account/password", new | {"old_password": old}, follow=True)


def test_a_new_password_of_ones_own_is_noted(world: World) -> None:
    client = sign_in()[0]
    for old in ("wrong", PASSWORD):
        change_password(client, old=old)
    with every_city("a test looks at what was written"):
        entries = AuditEntry.objects.filter(action="account_changed").values_list("city__name", "actor", "facts")
        assert list(entries) == [("Aurora", "viewer", {"changed": ["password"], "revoked_tokens": []})]
    assertRedirects(sign_in(password="Another long one 7")[1], "/account")


@pytest.mark.parametrize(
    ("old", "first", "second", "said"),
    [
        ("wrong", "Another long one 7", "Another long one 7", "Your old password was entered incorrectly."),
        (PASSWORD, "Another long one 7", "Another long one 8", "The two password fields didn’t match."),
        (PASSWORD, "short one", "short one", "This password is too short. It must contain at least 12 characters."),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said_and_the_old_one_stays(
    world: World, old: str, first: str, second: str, said: str
) -> None:
    form = {"old_password": old, "new_password1": first, "new_password2": second}
    answer = sign_in()[0].post("/account/password", form)
    world.viewer.refresh_from_db()
    assert (said in unescape(answer.content.decode()), world.viewer.check_password(PASSWORD)) == (True, True)


def test_the_administration_has_no_page_of_its_own_for_ones_password(world: World) -> None:
    assertRedirects(sign_in()[0].get("/admin/password_change/"), "/account/password")


def test_a_new_password_ends_tokens_and_other_sessions_and_says_so(world: World) -> None:
    mine, elsewhere = sign_in()[0], sign_in()[0]
    for user, name in ((world.viewer, "probe"), (world.viewer, "Gateway"), (world.owner, "another's")):
        ApiToken.objects.create(user=user, name=name)
    assert "revokes all your tokens" in mine.get("/account/password").content.decode()
    change_password(mine, old="wrong")
    assert ApiToken.objects.count() == 3
    told = change_password(mine).content.decode()
    assert "2 API tokens were revoked with the old password: Gateway, probe." in told
    assert list(ApiToken.objects.values_list("name", flat=True)) == ["another's"]
    assert (is_in(mine), is_in(elsewhere)) == (True, False)
    with every_city("a test looks at what was written"):
        facts = AuditEntry.objects.get(action="account_changed").facts
    assert facts == {"changed": ["password"], "revoked_tokens": ["Gateway", "probe"]}


def test_a_new_password_that_cannot_be_noted_is_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()[0]
    ApiToken.objects.create(user=world.viewer, name="probe")

    def fail(*_given: Any, **_named: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(account, "note_in_own_cities", fail)
    with pytest.raises(DatabaseError):
        change_password(client)
    world.viewer.refresh_from_db()
    assert (world.viewer.check_password(PASSWORD), ApiToken.objects.count()) == (True, 1)


def test_nobody_escapes_the_lock_by_making_addresses_up(world: World, settings) -> None:
    for attempt in range(settings.AXES_FAILURE_LIMIT):
        forged = {"X-Forwarded-For": f"198.51.100.{attempt}"}
        _, answer = sign_in(password="wrong", REMOTE_ADDR="203.0.113.9", headers=forged)
    assert answer.status_code == 429


def test_passwords_are_kept_as_argon2() -> None:
    from vms import settings as real  # noqa: PLC0415 -- those of the test run have a quicker hasher

    assert real.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.Argon2PasswordHasher"


def test_one_s_own_token_is_named_shown_once_and_revoked(world: World) -> None:
    client, _ = sign_in()
    page = client.post("/account/tokens", {"name": "Gateway of the police", "days": "30"}).content.decode()
    (token,) = re.findall(r'<code class="token">(\w{64})</code>', page)
    api = ApiClient(world.viewer, world.city)
    look: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9", "headers": {"Authorization": f"Bearer {token}"}}
    assert api.get("/api/v1/cameras", **look).status_code == 200
    again = client.get("/account").content.decode()
    assert ("Gateway of the police" in again, token in again) == (True, False)
    client.post("/account/tokens/revoke", {"token": ApiToken.objects.get().digest})
    assert api.get("/api/v1/cameras", **look).status_code == 401


def test_another_s_token_is_neither_shown_nor_revoked(world: World) -> None:
    ApiToken.objects.create(user=world.stranger, name="secret probe")
    client, _ = sign_in()
    assert "secret probe" not in client.get("/account").content.decode()
    client.post("/account/tokens/revoke", {"token": ApiToken.objects.get().digest})
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("form", [{"name": " ", "days": "30"}, {"name": "x" * 81, "days": "30"}, {"name": "x"}])
def test_a_token_wants_a_name_and_an_end(world: World, form: dict[str, str]) -> None:
    client, _ = sign_in()
    assertRedirects(client.post("/account/tokens", form), "/account")
    assert ApiToken.objects.count() == 0


@pytest.mark.parametrize("path", ["/account", "/account/second-step"])
def test_nobody_sees_an_account_without_signing_in(world: World, path: str) -> None:
    assertRedirects(Client().get(path), f"/login/?next={path}")
