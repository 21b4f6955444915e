"""A wrong setting is a numbered message with its remedy."""

import os
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from cities.scope import every_city
from recording.models import RetentionPolicy, Storage
from tests.vms.test_health import database_at
from tests.world import World
from vms import checks
from vms.environment import Environment


def ids(check) -> list[str]:
    return [message.id for message in check(None)]


def test_the_settings_of_a_test_run_are_clean() -> None:
    for check in (
        checks.check_environment,
        checks.check_addresses,
        checks.check_data_folder,
        checks.check_ports_differ,
        checks.check_credential_keys,
    ):
        assert ids(check) == []


def test_an_unreadable_value_is_e001(settings) -> None:
    settings.ENVIRONMENT = Environment({"VMS_PORT": "x"})
    settings.ENVIRONMENT.port("VMS_PORT", 8001)
    (message,) = checks.check_environment(None)
    assert (message.id, message.msg) == ("vms.E001", "VMS_PORT is 'x'; set it to a whole number from 1 to 65535.")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x"),
        ("REDIS_URL", "http://x"),
        ("MEDIAMTX_API_URL", "mediamtx:9997"),
        ("MEDIAMTX_RTSP_URL", ""),
    ],
)
def test_an_address_we_do_not_speak_is_e002(settings, name: str, value: str) -> None:
    setattr(settings, name, value)
    assert ids(checks.check_addresses) == ["vms.E002"]


def test_a_data_folder_that_is_a_file_is_e003(settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.VMS_DATA = tmp_path / "file" / "below"
    assert ids(checks.check_data_folder) == ["vms.E003"]


def test_one_port_for_two_servers_is_e004(settings) -> None:
    settings.VMS_HLS_PORT = settings.VMS_PORT
    (message,) = checks.check_ports_differ(None)
    assert (message.id, message.msg) == ("vms.E004", "VMS_PORT and VMS_HLS_PORT are both 8001; give each its own port.")


def test_a_short_secret_is_e005(settings) -> None:
    settings.SECRET_KEY = "short"
    assert ids(checks.check_secrets) == ["vms.E005"]


@pytest.mark.parametrize("keys", [[], ["short"], ["x" * 44, ""]])
def test_a_wrong_or_missing_credential_key_is_e007(settings, keys: list[str]) -> None:
    settings.VMS_CREDENTIAL_KEYS = keys
    assert ids(checks.check_credential_keys) == ["vms.E007"]


def test_credential_keys_that_others_may_read_are_w003(settings, tmp_path: Path) -> None:
    settings.VMS_DATA = tmp_path
    (tmp_path / "credential_keys").touch(mode=0o600)
    assert ids(checks.check_credential_keys) == []
    (tmp_path / "credential_keys").chmod(0o640)
    assert ids(checks.check_credential_keys) == ["vms.W003"]


@pytest.fixture
def promising(world: World, settings) -> World:
    """A world that promises thirty days where MediaMTX was seen to keep seven."""
    settings.VMS_MEDIAMTX_CONFIG = ""
    Storage.objects.create(media_server=world.server, delete_after_seconds=7 * 86_400)
    with every_city("a test writes a policy"):
        RetentionPolicy.objects.create(city=world.city, days=30)
    return world


def warn() -> list[str]:
    return [f"{message.id}: {message.msg}" for message in checks.check_promises(None, databases=["default"])]


def test_a_promise_that_mediamtx_breaks_is_w002_at_check_and_at_start(
    promising: World, settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = (
        "MediaMTX main deletes footage after 7 days and 30 are promised: set VMS_RECORD_DELETE_AFTER=30d or more "
        "(0s: never), or promise fewer days."
    )
    said = [f"vms.W002: {sentence}"]
    assert warn() == said
    assert checks.check_promises(None) == []
    settings.VMS_RECORDINGS, settings.VMS_DEMO_CAMERAS = tmp_path, 0
    call_command("prepare")
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("vms.")] == said
    call_command("check", "--database", "default")
    assert sentence in capsys.readouterr().err


def test_before_there_are_tables_none_is_asked(
    promising: World, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", lambda: ["django_migrations"])
    with django_assert_num_queries(0):
        assert warn() == []


def test_for_a_file_that_each_start_writes_the_setting_counts(promising: World, settings, tmp_path: Path) -> None:
    settings.VMS_DATA, settings.MEDIAMTX_API_URL = tmp_path, promising.server.api_url
    settings.VMS_MEDIAMTX_CONFIG = str(tmp_path / "mediamtx" / "mediamtx.yml")
    found = []
    for value in ("7d", "30d", "0s", "720h", "719h"):
        settings.VMS_RECORD_DELETE_AFTER = value
        found.append(len(warn()))
    assert found == [1, 0, 0, 0, 1]


@pytest.mark.django_db(transaction=True)
def test_without_a_database_or_its_tables_the_check_says_nothing(free_port) -> None:
    for changes in ({"HOST": "127.0.0.1", "PORT": str(free_port())}, {"NAME": "postgres"}):
        connections["default"].close()
        with database_at(**changes):
            assert warn() == []
        connections["default"].close()


@pytest.mark.parametrize(
    "secret", ["django-insecure-" + "abcdefghij" * 4, "change-me-" + "abcdefghijklm" * 3, "a" * 50]
)
def test_a_secret_that_everybody_knows_is_e005(settings, secret: str) -> None:
    settings.SECRET_KEY = secret
    assert ids(checks.check_secrets) == ["vms.E005"]


def test_debug_before_strangers_is_e006_and_trusting_everybody_e008(settings) -> None:
    settings.DEBUG, settings.VMS_BIND = True, "0.0.0.0"  # noqa: S104 -- the very thing that is refused
    settings.VMS_TRUSTED_PROXIES = [ip_network("0.0.0.0/0")]
    assert ids(checks.check_exposure) == ["vms.E006", "vms.E008"]
    assert len(checks.list_open_doors()) == 2
    settings.VMS_BIND = "127.0.0.1"
    assert ids(checks.check_exposure) == ["vms.W001"]
    assert checks.list_open_doors() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "unsafe", [{"VMS_DEBUG": "1"}, {"VMS_TRUSTED_PROXIES": "::/0"}, {"VMS_SECRET_KEY": "django-insecure-" + "x1" * 30}]
)
def test_the_web_server_does_not_start_where_anybody_could_walk_in(unsafe: dict[str, str]) -> None:
    environ = {**os.environ, "VMS_BIND": "0.0.0.0", "DJANGO_SETTINGS_MODULE": "vms.settings", **unsafe}  # noqa: S104 -- as above
    started = subprocess.run(
        [sys.executable, "-c", "import vms.wsgi"], env=environ, capture_output=True, text=True, check=False
    )
    assert started.returncode == 1
    assert next(iter(unsafe)) in started.stderr


@pytest.mark.django_db
def test_a_role_that_passes_by_the_wall_between_cities_is_w004(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_database_role(None) == []
    assert checks.check_database_role(None, databases=["default"]) == []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolsuper LIMIT 1")
        [(superuser,)] = cursor.fetchall()
    plain = checks._ROLE
    monkeypatch.setattr(checks, "_ROLE", plain.replace("current_user", f"'{superuser}'"))
    [warning] = checks.check_database_role(None, databases=["default"])
    assert (warning.id, f"database role {superuser} is a superuser" in warning.msg) == ("vms.W004", True)
