"""The docker files, as far as they can be checked without a docker engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mediamtx.binary import MEDIAMTX_VERSION

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yml").read_text())
    return loaded


def test_every_process_of_the_system_is_a_service(compose: dict[str, Any]) -> None:
    wanted = {"postgres", "redis", "mediamtx", "prepare", "web", "worker", "keeper", "beat", "ingest"}
    assert set(compose["services"]) == wanted


def test_mediamtx_is_our_version_with_the_specifications_volume(compose: dict[str, Any]) -> None:
    service = compose["services"]["mediamtx"]
    assert service["image"] == f"bluenviron/mediamtx:{MEDIAMTX_VERSION.removeprefix('v')}-ffmpeg"
    assert "./recordings:/recordings" in service["volumes"]
    assert service["environment"]["TZ"] == "UTC"


def test_its_configuration_holds_the_specifications_settings() -> None:
    defaults = yaml.safe_load((ROOT / "docker" / "mediamtx.yml").read_text())["pathDefaults"]
    assert {key: value for key, value in defaults.items() if key.startswith("record")} == {
        "record": True,
        "recordPath": "/recordings/%path/%Y-%m-%d_%H-%M-%S-%f",
        "recordFormat": "fmp4",
        "recordPartDuration": "4s",
        "recordSegmentDuration": "30m",
        "recordDeleteAfter": "7d",
    }


def test_every_mounted_file_exists(compose: dict[str, Any]) -> None:
    mounts = [mount.split(":")[0] for service in compose["services"].values() for mount in service.get("volumes", [])]
    ours = {mount for mount in mounts if mount.startswith("./") and mount != "./recordings"}
    assert [mount for mount in sorted(ours) if not (ROOT / mount).exists()] == []


def test_every_variable_of_ours_is_a_documented_setting(compose: dict[str, Any]) -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    given = set(compose["x-vms"]["environment"])
    assert given - documented == set()


def test_every_setting_that_is_read_is_documented() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    sources = [
        ROOT / "vms" / "settings.py",
        ROOT / "vms" / "launcher" / "settings.py",
        ROOT / "ffmpeg" / "binary.py",
        ROOT / "mediamtx" / "binary.py",
    ]
    read = {
        name
        for file in sources
        for name in re.findall(r'"((?:VMS_|MEDIAMTX_)[A-Z_]+|DATABASE_URL|REDIS_URL)"', file.read_text())
    }
    assert read - {"MEDIAMTX_VERSION"} - documented == set()


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker" / "compose.yml").read_text()
    assert (
        re.findall(r"\$\{(?:POSTGRES_PASSWORD|VMS_SECRET_KEY|VMS_HOOK_SECRET|VMS_CREDENTIAL_KEYS)(?!:\?)[^}]*\}", text)
        == []
    )
