"""The docker files, as far as they can be checked without a docker engine."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from mediamtx.binary import MEDIAMTX_VERSION
from replay.views import ACCELERATED
from tests.vms.launcher.conftest import wait_until
from vms.launcher.plan import WEB_MEMORY
from vms.launcher.valkey import answers_ping, find_valkey

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yml").read_text())
    return loaded


def test_every_process_of_the_system_is_a_service(compose: dict[str, Any]) -> None:
    stores, media = {"postgres", "redis"}, {"mediamtx-config", "recordings", "mediamtx"}
    wanted = {*stores, *media, "prepare", "web", "worker", "keeper", "painter", "beat", "ingest", "nginx"}
    assert set(compose["services"]) == wanted


def test_web_gives_the_pictures_that_the_painter_makes(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [services[name]["volumes"] for name in ("web", "painter")] == [
        ["./recordings:/recordings", "pictures:/data/pictures"]
    ] * 2


def test_web_keeps_its_memory_as_it_does_without_docker(compose: dict[str, Any]) -> None:
    given = compose["services"]["web"]["environment"]
    assert {name: value for name, value in given.items() if name.startswith("MALLOC_")} == WEB_MEMORY
    assert given.keys() - WEB_MEMORY.keys() == compose["x-vms"]["environment"].keys()


def test_mediamtx_writes_as_the_user_of_the_workers(compose: dict[str, Any]) -> None:
    (uid,) = re.findall(r"useradd --uid (\d+)", (ROOT / "docker" / "Dockerfile").read_text())
    services = compose["services"]
    assert services["mediamtx"]["user"] == f"{uid}:{uid}"
    assert services["recordings"]["command"] == ["chown", f"{uid}:{uid}", "/recordings"]


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


def test_the_api_and_the_metrics_of_mediamtx_are_published_to_nobody(compose: dict[str, Any]) -> None:
    """Nothing else protects them."""
    assert compose["services"]["mediamtx"]["ports"] == ["8554:8554", "8888:8888", "8889:8889", "8189:8189/udp"]
    loaded = yaml.safe_load((ROOT / "docker" / "mediamtx.yml").read_text())
    assert (loaded["apiAddress"], loaded["metrics"], loaded["playback"], loaded["pprof"]) == (
        ":9997",
        False,
        False,
        False,
    )


def test_mediamtx_asks_with_the_secret_that_web_knows(compose: dict[str, Any]) -> None:
    asks = compose["services"]["mediamtx"]["environment"]["MTX_AUTHHTTPADDRESS"]
    secret = compose["x-vms"]["environment"]["VMS_MEDIA_SECRET"]
    placed = yaml.safe_load((ROOT / "docker" / "mediamtx.yml").read_text())["authHTTPAddress"]
    assert asks == placed.replace("http://", f"http://mediamtx:{secret}@")


def test_nginx_alone_is_reached_and_alone_is_believed(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "8001:8001" in service.get("ports", [])] == ["nginx"]
    address = services["nginx"]["networks"]["front"]["ipv4_address"]
    environment = compose["x-vms"]["environment"]
    assert (environment["VMS_TRUSTED_PROXIES"], environment["VMS_ACCEL"]) == (f"{address}/32", "1")
    assert services["web"]["networks"] == ["default", "front"]
    config = (ROOT / "docker" / "nginx.conf").read_text()
    vouched = r'map \$http_authorization \$vouched_user_id \{\s+""\s+"";\s+default \$http_x_user_id;\s+\}'
    assert re.search(vouched, config)
    assert "proxy_set_header X-User-ID $vouched_user_id;" in config


def test_nobody_else_is_given_the_address_of_nginx(compose: dict[str, Any]) -> None:
    """Docker gives out the first address that is free, and web, which has none of its own, starts before nginx."""
    address = IPv4Address(compose["services"]["nginx"]["networks"]["front"]["ipv4_address"])
    (config,) = compose["networks"]["front"]["ipam"]["config"]
    network, given = IPv4Network(config["subnet"]), IPv4Network(config["ip_range"])
    assert given.subnet_of(network)
    assert (address in network, address in given) == (True, False)


def test_nginx_sends_footage_by_web_s_word_only(compose: dict[str, Any]) -> None:
    assert mounts_of(compose, "nginx")["./recordings"] == "/recordings:ro"
    assert re.fullmatch(r"nginx:\d+\.\d+\.\d+-alpine", compose["services"]["nginx"]["image"])
    config = (ROOT / "docker" / "nginx.conf").read_text()
    (block,) = re.findall(r"location (/recordings/) \{([^}]+)\}", config)
    assert block[0] == ACCELERATED
    assert config.count("access_log off;") == 2  # tokens are in no log
    assert {"internal;", "alias /recordings/;", "max_ranges 1;"} <= {line.strip() for line in block[1].splitlines()}


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker" / "compose.yml").read_text()
    secrets = "POSTGRES_PASSWORD|REDIS_PASSWORD|VMS_SECRET_KEY|VMS_HOOK_SECRET|VMS_MEDIA_SECRET|VMS_CREDENTIAL_KEYS"
    assert re.findall(rf"\$\{{(?:{secrets})(?!:\?)[^}}]*\}}", text) == []


def test_we_work_in_postgres_as_an_ordinary_role_that_owns_the_database(compose: dict[str, Any]) -> None:
    """The image's own user is a superuser, and passes by row level security."""
    postgres = compose["services"]["postgres"]
    assert postgres["environment"]["POSTGRES_USER"] == "postgres"
    assert "POSTGRES_DB" not in postgres["environment"]
    assert compose["x-vms"]["environment"]["DATABASE_URL"].startswith("postgresql://vms:${POSTGRES_PASSWORD")
    assert "./docker/postgres-init.sh:/docker-entrypoint-initdb.d/vms.sh:ro" in postgres["volumes"]
    # The image runs what may be run; what may not, it takes into its own shell.
    assert (ROOT / "docker" / "postgres-init.sh").stat().st_mode & 0o111 == 0o111


@pytest.fixture
def redis_of_docker(compose: dict[str, Any], tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Redis started by compose's own command, on a socket: its process and where it listens."""
    service, socket = compose["services"]["redis"], f"{tmp_path}/s"
    # What the image starts its commands by, which leaves root first.
    (tmp_path / "docker-entrypoint.sh").write_text(
        f'#!/bin/sh\nexec "$@" --port 0 --unixsocket {socket} --dir {tmp_path}\n'
    )
    (tmp_path / "docker-entrypoint.sh").chmod(0o755)
    (tmp_path / "valkey-server").symlink_to(find_valkey())
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"} | dict.fromkeys(service["environment"], "s3cret")
    argv = [part.replace("$$", "$") for part in service["command"]]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL) as process:
        yield process.pid, socket
        process.terminate()


def test_redis_lets_in_who_has_the_password_and_shows_it_on_no_command_line(redis_of_docker: tuple[int, str]) -> None:
    pid, socket = redis_of_docker
    right, wrong, none = (redis.Redis(unix_socket_path=socket, password=each) for each in ("s3cret", "wrong", None))
    wait_until(lambda: answers_ping(f"unix://:s3cret@{socket}?db=0"))
    for stranger in (wrong, none):
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
    kept = right.config_get("appendonly") | right.config_get("maxmemory-policy")
    assert kept == {"appendonly": "yes", "maxmemory-policy": "noeviction"}
    assert "s3cret" not in Path(f"/proc/{pid}/cmdline").read_text()


def test_who_asks_redis_knows_its_password(compose: dict[str, Any]) -> None:
    password = "${REDIS_PASSWORD:?set it in .env}"
    service = compose["services"]["redis"]
    assert compose["x-vms"]["environment"]["REDIS_URL"] == f"redis://:{password}@redis:6379/0"
    # The program that asks how Redis is has had both names.
    assert service["environment"] == {"VALKEYCLI_AUTH": password, "REDISCLI_AUTH": password}
    assert service["healthcheck"]["test"] == ["CMD", "valkey-cli", "-e", "ping"]


def mounts_of(compose: dict[str, Any], service: str) -> dict[str, str]:
    """Give a service's mounts: what is mounted, where to and how."""
    return dict(mount.split(":", 1) for mount in compose["services"][service].get("volumes", []))


def test_the_worker_writes_the_folder_from_which_mediamtx_only_reads_its_configuration(compose: dict[str, Any]) -> None:
    """Off means off: MediaMTX watches the folder of its file, and a rename is not seen through a mount of a file."""
    found = {name: mounts_of(compose, name).get("mediamtx") for name in compose["services"]}
    assert {name: mount for name, mount in found.items() if mount} == {
        "mediamtx-config": "/mediamtx",
        "mediamtx": "/config:ro",
        "worker": "/mediamtx",
    }
    assert compose["services"]["mediamtx"]["command"] == ["/config/mediamtx.yml"]
    assert compose["x-vms"]["environment"]["VMS_MEDIAMTX_CONFIG"] == "/mediamtx/mediamtx.yml"
    assert mounts_of(compose, "worker")["./recordings"] == "/recordings"


def test_mediamtx_begins_when_its_configuration_is_there_and_waits_for_no_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    done = {"condition": "service_completed_successfully"}
    assert services["mediamtx"]["depends_on"] == {"mediamtx-config": done, "recordings": done}
    assert [services[name]["depends_on"] for name in ("mediamtx-config", "recordings")] == [{}, {}]


def test_its_configuration_is_placed_by_the_command_that_compose_names(compose: dict[str, Any], tmp_path: Path) -> None:
    *command, target = compose["services"]["mediamtx-config"]["command"]
    assert (command, target) == (["python", "-m", "mediamtx.config", "place"], "/mediamtx/mediamtx.yml")
    placed = tmp_path / "mediamtx.yml"
    environ = {"PATH": "", "VMS_RECORD_DELETE_AFTER": ""}  # as compose gives it where .env does not set it
    subprocess.run([sys.executable, *command[1:], placed], cwd=ROOT, env=environ, check=True)
    assert placed.read_text() == (ROOT / "docker" / "mediamtx.yml").read_text()


def test_the_folder_of_its_configuration_belongs_to_the_user_who_writes_it() -> None:
    """An empty volume takes its owner from the image's folder at the place where it is mounted."""
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
    assert "mkdir /data /mediamtx && chown vms /data /mediamtx" in dockerfile
    assert dockerfile.index("chown vms") < dockerfile.index("USER vms")
