"""MediaMTX's configuration file."""

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import pytest
import yaml

from mediamtx.config import (
    DOCKER_CONFIG,
    DOCKER_VALUES,
    ConfigValues,
    main,
    place_config,
    read_off_cameras,
    render_config,
    render_street_config,
    write_config,
)
from mediamtx.errors import InvalidConfig

VALUES = ConfigValues(record_root=PurePosixPath("/srv/recordings"), hook_command=("/usr/bin/python3", "/opt/hook.py"))


def load(values: ConfigValues) -> dict[str, Any]:
    """Give the configuration as a parser sees it."""
    loaded: dict[str, Any] = yaml.safe_load(render_config(values))
    return loaded


def test_recording_is_what_the_specification_says() -> None:
    assert load(VALUES)["pathDefaults"] == {
        "overridePublisher": False,
        "record": True,
        "recordPath": "/srv/recordings/%path/%Y-%m-%d_%H-%M-%S-%f",
        "recordFormat": "fmp4",
        "recordPartDuration": "4s",
        "recordSegmentDuration": "30m",
        "recordDeleteAfter": "7d",
        "runOnOnline": "/usr/bin/python3 /opt/hook.py online",
        "runOnOffline": "/usr/bin/python3 /opt/hook.py offline",
        "runOnRecordSegmentCreate": "/usr/bin/python3 /opt/hook.py segment_create",
        "runOnRecordSegmentComplete": "/usr/bin/python3 /opt/hook.py segment_complete",
    }


def test_paths_come_from_publishers_only() -> None:
    assert load(VALUES)["paths"] == {"all_others": {}}


def test_what_is_unused_is_off() -> None:
    loaded = load(VALUES)
    unused = {name: loaded[name] for name in ("playback", "pprof", "rtmp", "srt", "moq", "metrics")}
    assert unused == dict.fromkeys(unused, False)


def test_only_the_named_networks_may_ask_the_api() -> None:
    users = load(replace(VALUES, api_networks=("10.1.2.3", "fd00::/8")))["authInternalUsers"]
    allowed = [(user["ips"], permission["action"]) for user in users for permission in user["permissions"]]
    networks = ["10.1.2.3/32", "fd00::/8"]
    assert allowed == [([], "publish"), ([], "read"), (networks, "api"), (networks, "metrics")]


def test_mediamtx_asks_the_vms_for_everything_but_what_the_vms_asks_it() -> None:
    loaded = load(replace(VALUES, authorise_at="http://mediamtx:s3cret@127.0.0.1:8001/media/authorise"))
    assert (loaded["authMethod"], loaded["authHTTPAddress"], loaded["authHTTPExclude"]) == (
        "http",
        "http://mediamtx:s3cret@127.0.0.1:8001/media/authorise",
        [{"action": "api"}, {"action": "metrics"}, {"action": "pprof"}],
    )
    assert "authInternalUsers" not in loaded


def test_what_we_ship_asks_who_publishes_and_watches() -> None:
    assert yaml.safe_load(DOCKER_CONFIG.read_text())["authMethod"] == "http"


def test_metrics_are_on_where_asked_for() -> None:
    loaded = load(replace(VALUES, metrics_address="127.0.0.1:9998"))
    assert (loaded["metrics"], loaded["metricsAddress"]) == (True, "127.0.0.1:9998")


def test_webrtc_offers_the_addresses_of_all_interfaces_only_where_it_listens_on_all() -> None:
    addresses = ["127.0.0.1:8189", ":8189", "0.0.0.0:8189", "[::]:8189", "[::1]:8189", "vms.example:8189"]
    offered = [load(replace(VALUES, webrtc_udp_address=a))["webrtcIPsFromInterfaces"] for a in addresses]
    assert offered == [False, True, True, True, False, False]


@pytest.mark.parametrize(
    "name", ['a"b', "a\\b", "a\nrecord: no", "a: b", "# a", "a\u2028b", "a\x7f\x85", "açaí", "a'b", "😀", "{a}", "a b"]
)
def test_no_name_breaks_out_of_its_place(name: str) -> None:
    values = replace(VALUES, record_root=PurePosixPath("/srv") / name, allow_origins=(name, "b"))
    loaded = load(values)
    assert loaded["pathDefaults"]["recordPath"] == f"/srv/{name}/%path/%Y-%m-%d_%H-%M-%S-%f"
    assert loaded["hlsAllowOrigins"] == loaded["webrtcAllowOrigins"] == [name, "b"]
    assert loaded["pathDefaults"]["record"] is True


def test_the_hooks_words_survive_the_splitting() -> None:
    loaded = load(replace(VALUES, hook_command=("/opt/my folder/it's", "hook.py")))
    assert loaded["pathDefaults"]["runOnOnline"] == "'/opt/my folder/it'\"'\"'s' hook.py online"


def test_without_a_hook_the_lines_are_empty() -> None:
    defaults = load(replace(VALUES, hook_command=()))["pathDefaults"]
    assert {value for key, value in defaults.items() if key.startswith("runOn")} == {""}


@pytest.mark.parametrize(
    "values",
    [
        replace(VALUES, record_root=PurePosixPath("recordings")),
        replace(VALUES, record_root=PurePosixPath("/srv/%d")),
        replace(VALUES, record_root=PurePosixPath("/srv/\udcff")),
        replace(VALUES, hook_command=("/opt/$HOME/hook.py",)),
        replace(VALUES, api_address="9997"),
        replace(VALUES, rtsp_address="127.0.0.1:0"),
        replace(VALUES, hls_address="127.0.0.1:70000"),
        replace(VALUES, api_networks=("anyone",)),
        replace(VALUES, authorise_at="web:8001/media/authorise"),
        replace(VALUES, api_networks=("10.0.0.1/8",)),
    ],
)
def test_a_value_that_would_mean_something_else_is_refused(values: ConfigValues) -> None:
    with pytest.raises(InvalidConfig):
        render_config(values)


def test_the_street_speaks_rtsp_and_nothing_else() -> None:
    loaded = yaml.safe_load(render_street_config(rtsp_address="127.0.0.1:8654"))
    assert loaded["rtspAddress"] == "127.0.0.1:8654"
    assert sorted(name for name, value in loaded.items() if value is True) == ["rtsp"]
    assert "pathDefaults" not in loaded


def test_the_docker_configuration_is_up_to_date() -> None:
    assert DOCKER_CONFIG.read_text() == render_config(DOCKER_VALUES), "run: python -m mediamtx.config docker"


def test_docker_records_into_its_volume_and_calls_its_own_hook() -> None:
    defaults = yaml.safe_load(DOCKER_CONFIG.read_text())["pathDefaults"]
    assert defaults["recordPath"] == "/recordings/%path/%Y-%m-%d_%H-%M-%S-%f"
    assert defaults["runOnOnline"] == "/hooks/hook.sh online"


def test_a_file_is_written_whole_and_keeps_its_readers(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "mediamtx.yml"
    write_config(path, "first")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("first", 0o600)
    path.chmod(0o640)
    before = path.stat().st_ino
    path.with_name(".mediamtx.yml.new").write_text("left over by a kill")
    write_config(path, "second")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("second", 0o640)
    assert path.stat().st_ino != before
    assert [file.name for file in path.parent.iterdir()] == ["mediamtx.yml"]


def test_switched_off_cameras_are_read_from_a_file_and_none_from_a_broken_one(tmp_path: Path) -> None:
    camera_id = UUID("7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f")
    path = tmp_path / "mediamtx.yml"
    found = [read_off_cameras(path)]
    for content in (render_config(VALUES, off=[camera_id]).encode(), b"", b"\xff\xfe"):
        path.write_bytes(content)
        found.append(read_off_cameras(path))
    assert found == [frozenset(), {camera_id}, frozenset(), frozenset()]


@pytest.mark.parametrize("text", ["0s", "30m", "7d", "720h", "31d12h"])
def test_how_long_mediamtx_keeps_footage_is_a_value(text: str) -> None:
    assert load(replace(VALUES, record_delete_after=text))["pathDefaults"]["recordDeleteAfter"] == text


@pytest.mark.parametrize("text", ["", "29m", "1s", "4000d", "7 days", "7d\nrecord: no"])
def test_an_age_on_which_mediamtx_would_end_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfig):
        render_config(replace(VALUES, record_delete_after=text))


CAMERA = UUID("7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f")


def test_a_configuration_is_placed_with_what_was_off_and_the_age_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "mediamtx" / "mediamtx.yml"
    place_config(DOCKER_CONFIG, target)
    assert (target.read_text(), target.stat().st_mode & 0o777) == (DOCKER_CONFIG.read_text(), 0o644)
    target.write_text(render_config(DOCKER_VALUES, off=[CAMERA]))
    place_config(DOCKER_CONFIG, target, delete_after="31d")
    assert target.read_text() == render_config(replace(DOCKER_VALUES, record_delete_after="31d"), off=[CAMERA])


def test_somebodys_own_entries_are_placed_as_they_are(tmp_path: Path) -> None:
    source, target = tmp_path / "theirs.yml", tmp_path / "mediamtx.yml"
    source.write_text(render_config(VALUES).replace("  all_others: {}", "  yard: {source: rtsp://10.0.0.5/}"))
    place_config(source, target)
    assert target.read_text() == source.read_text()


def test_the_container_s_command_places_it_or_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "mediamtx.yml"
    assert [main(["place", str(target)]), main(["place"]), main([])] == [0, 2, 2]
    monkeypatch.setenv("VMS_RECORD_DELETE_AFTER", "soon")
    assert main(["place", str(target)]) == 1
    assert "'soon' is no duration" in capsys.readouterr().err
    assert target.read_text() == DOCKER_CONFIG.read_text()
