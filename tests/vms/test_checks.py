"""A wrong setting is a numbered message with its remedy."""

import os
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

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
