"""What every answer tells browsers, and that no page of ours needs an exception: every page is asked for and read."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cities.models import User
from cities.scope import every_city
from tests.two_cities import furnish
from tests.world import World
from vms import checks
from vms.protection import choose_policy

ROOT = Path(__file__).resolve().parent.parent.parent
PRIVATE = {"no-store", "private"}
OUR_PAGES = [
    "/",
    "/?q=square&page=2",
    "/coverage",
    "/coverage?month=2026-01",
    "/login/",
    "/account",
    "/account/second-step",
]


class Inline(HTMLParser):
    """Collects what a strict policy would stop."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.scripts.append(f"<script> {attrs}")
        self.scripts += [f"<{tag} {name}>" for name in given if name.startswith("on")]
        self.scripts += [
            f"<{tag} {value}>" for value in given.values() if (value or "").strip().startswith("javascript:")
        ]
        self.styles += [f"<{tag} style>"] if "style" in given or tag == "style" else []


def read_policy(answer: Any) -> dict[str, str]:
    return dict(rule.split(" ", 1) for rule in answer["Content-Security-Policy"].split("; "))


def assert_protected(answer: Any) -> None:
    """The headers that stand on everything but files of ours."""
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert PRIVATE & {part.strip() for part in answer["Cache-Control"].split(",")}, answer["Cache-Control"]
    policy = read_policy(answer)
    assert (policy["frame-ancestors"], policy["object-src"], policy["base-uri"]) == ("'none'", "'none'", "'none'")
    assert "'unsafe-inline'" not in policy.get("script-src", policy["default-src"])


@pytest.fixture
def manager(world: World) -> Client:
    furnish(world)
    client = Client(raise_request_exception=False)
    client.force_login(world.owner)
    return client


@pytest.fixture
def administrator(world: World) -> Client:
    furnish(world)
    boss = User.objects.create_superuser("boss", password="a long password")
    client = Client(raise_request_exception=False)
    client.force_login(boss)
    return client


@pytest.mark.parametrize("path", OUR_PAGES)
def test_no_page_of_ours_has_anything_inline(manager: Client, path: str) -> None:
    client = Client() if path.startswith("/login") else manager
    assert_clean(client.get(path))


def assert_clean(answer: Any) -> None:
    assert_protected(answer)
    assert "unsafe" not in answer["Content-Security-Policy"]
    found = Inline(answer.content.decode())
    assert (found.scripts, found.styles) == ([], [])


def test_pages_that_come_after_a_form_are_as_clean(manager: Client, world: World) -> None:
    assert_clean(manager.post("/account/tokens", {"name": "recorder", "days": "30"}))
    assert_clean(manager.post("/account/second-step", {"code": "000000"}))
    assert_clean(Client().post("/login/", {"username": "owner", "password": "wrong"}))


def test_refusals_and_failures_are_protected_too(manager: Client, world: World) -> None:
    refusals = {
        400: manager.get("/", headers={"Host": "evil.example"}),
        403: Client(enforce_csrf_checks=True).post("/login/"),
        404: manager.get("/nowhere"),
        405: manager.get("/city"),
        302: Client().get("/"),
        401: Client().get("/wall/states"),
    }
    assert {status: answer.status_code for status, answer in refusals.items()} == {
        status: status for status in refusals
    }
    for answer in refusals.values():
        assert_protected(answer)
    for status in (400, 404):
        found = Inline(refusals[status].content.decode())
        assert (found.scripts, found.styles) == ([], [])


def test_the_api_and_its_tools_are_protected(manager: Client) -> None:
    for path in ("/docs", "/docs?script=", "/api/schema/", "/api/v1/cameras", "/health", "/health/ready"):
        answer = manager.get(path, headers={"Accept": "text/html"})
        assert_protected(answer)
        if answer["Content-Type"].startswith("text/html"):
            assert Inline(answer.content.decode()).scripts == []
    for path in ("/docs", "/api/v1/cameras"):
        assert "unsafe-eval" not in choose_policy(path)


def test_no_page_of_the_administration_has_a_script_inline(administrator: Client) -> None:
    looked_at = 0
    for address in list_admin_pages():
        answer = administrator.get(address)
        if answer.status_code in {200, 403, 404}:
            assert_protected(answer)
            assert Inline(answer.content.decode()).scripts == [], address
            looked_at += answer.status_code == 200
    assert looked_at >= 20


def list_admin_pages() -> list[str]:
    pages = [reverse("admin:index"), reverse("admin:password_change")]
    for model, site in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages += [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
        pages += [reverse(f"{name}_change", args=[row.pk]) for row in list_some(model, site)]
    return pages


def list_some(model: Any, site: Any) -> list[Any]:
    with every_city("a test looks at one row of everything"):
        return list(model._default_manager.all()[:1])


def test_static_files_may_be_kept(client: Client) -> None:
    answer = Client().get("/static/nothing.css")
    assert "Cache-Control" not in answer.headers


def test_what_a_view_has_said_stays(manager: Client) -> None:
    policy = read_policy(manager.get("/"))
    assert policy["connect-src"] == "'self' http://vms.example:8888 http://vms.example:8889"


def test_the_session_s_cookie_is_a_shift_long_and_no_script_s(world: World, settings: Any) -> None:
    answer = Client().post("/login/", {"username": "owner", "password": "a long password"})
    cookie = answer.cookies["sessionid"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (12 * 3600, True, "Lax")
    assert answer.cookies["csrftoken"]["samesite"] == "Lax"


def test_the_wall_s_asking_does_not_prolong_a_session(manager: Client) -> None:
    manager.get("/")
    assert "sessionid" not in manager.get("/wall/states").cookies


@pytest.mark.parametrize("password", ["elevenchars", "123456789012", "password1234"])
def test_weak_passwords_are_refused(password: str, settings: Any) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


def test_nobody_uploads_files(manager: Client, world: World) -> None:
    file = SimpleUploadedFile("x.mp4", b"x")
    assert manager.post("/city", {"city": str(world.city.pk), "file": file}).status_code == 400
    headers = {"X-City-ID": str(world.city.pk), "X-User-ID": str(world.owner.pk)}
    answer = manager.post("/api/v1/cameras", {"name": "x", "file": file}, headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_a_pattern_among_the_hosts_is_w010(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["vms.example", "*", ".example"]
    assert [message.id for message in checks.check_hosts(None)] == ["vms.W010", "vms.W010"]
    settings.ALLOWED_HOSTS = ["vms.example", "127.0.0.1"]
    assert checks.check_hosts(None) == []


PRODUCTION = {
    "VMS_BIND": "0.0.0.0",  # noqa: S104 -- as in a container
    "VMS_PUBLIC_HOST": "vms.example",
    "VMS_PUBLIC_SCHEME": "https",
    "VMS_ALLOWED_HOSTS": "vms.example",
    "VMS_TRUSTED_ORIGINS": "https://vms.example",
    "VMS_TRUSTED_PROXIES": "10.0.0.5/32",
    "DATABASE_URL": "postgresql://vms:4f1c9b0e7d@postgres:5432/vms",
    "REDIS_URL": "redis://redis:6379/0",
    "MEDIAMTX_API_URL": "http://mediamtx:9997",
    "VMS_SECRET_KEY": "q8Zr1n5Vb3Kx7Tw0Yd2Lf6Hj9Mc4PsGaUeRi-Qy3Xo8Wn2Bt5Lk7",
    "VMS_HOOK_SECRET": "x0Jt6Wm2Qk8Ra4Nd7Vy1Be5Lh9Cs3FzUgPoI",
}


@pytest.mark.parametrize(
    ("changes", "words"), [({}, ""), ({"VMS_PUBLIC_SCHEME": "http"}, "W008"), ({"VMS_ALLOWED_HOSTS": "*"}, "W010")]
)
def test_the_deploy_check_is_clean_as_in_production(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    environ = {"PATH": os.environ["PATH"], "VMS_DATA": str(tmp_path), **PRODUCTION, **changes}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode == 0, words in done.stderr) == (not words, True), done.stderr
