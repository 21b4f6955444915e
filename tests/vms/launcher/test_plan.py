"""What the launcher starts MediaMTX with."""

from pathlib import Path
from uuid import UUID

import pytest

from mediamtx.config import read_off_cameras, write_config
from mediamtx.recording_switch import replace_off
from vms.launcher.errors import NotStartedError
from vms.launcher.plan import WEB_MEMORY, Addresses, Plan
from vms.launcher.settings import LauncherSettings

CAMERA = UUID("7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f")


def make_plan(data: Path, **environ: str) -> Plan:
    settings = LauncherSettings.from_environ({"VMS_DATA": str(data), **environ})
    addresses = Addresses("postgresql://", "redis://")
    return Plan(settings=settings, run_id="run", addresses=addresses, hook_secret="s", media_secret="m/")


def test_a_start_keeps_the_cameras_that_are_switched_off(tmp_path: Path) -> None:
    config = tmp_path / "mediamtx" / "mediamtx.yml"
    plan = make_plan(tmp_path)
    assert plan.mediamtx(Path("mediamtx")).program.argv == ("mediamtx", str(config))
    write_config(config, replace_off(config.read_text(), [CAMERA]).replace("writeQueueSize: 2048", "writeQueueSize: 1"))
    plan.mediamtx(Path("mediamtx"))
    assert read_off_cameras(config) == {CAMERA}
    assert "writeQueueSize: 2048" in config.read_text()


@pytest.mark.parametrize("broken", ["", "paths: {mine: {}}", "# MediaMTX v1\n"])
def test_a_start_replaces_a_broken_file(tmp_path: Path, broken: str) -> None:
    config = tmp_path / "mediamtx" / "mediamtx.yml"
    write_config(config, broken)
    make_plan(tmp_path).mediamtx(Path("mediamtx"))
    assert config.read_text().endswith("\npaths:\n  all_others: {}\n")


def test_workers_learn_of_the_file_only_where_it_is_ours(tmp_path: Path) -> None:
    elsewhere = {"MEDIAMTX_API_URL": "http://10.0.0.1:9997"}
    found = [
        make_plan(tmp_path).worker().program.env.get("VMS_MEDIAMTX_CONFIG"),
        make_plan(tmp_path, **elsewhere).worker().program.env.get("VMS_MEDIAMTX_CONFIG"),
        make_plan(tmp_path, **elsewhere, VMS_MEDIAMTX_CONFIG="/their.yml").worker().program.env["VMS_MEDIAMTX_CONFIG"],
    ]
    assert found == [str(tmp_path / "mediamtx" / "mediamtx.yml"), None, "/their.yml"]


def test_what_may_take_its_time_has_a_worker_of_its_own(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    queues = {
        service.program.name: service.program.argv[service.program.argv.index("--queues") + 1]
        for service in (plan.worker(), plan.keeper(), plan.painter())
    }
    assert queues == {"worker": "celery", "keeper": "footage", "painter": "pictures"}


def test_web_keeps_its_memory_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    def memory_of(plan: Plan) -> dict[str, str]:
        return {name: value for name, value in plan.web().program.env.items() if name.startswith("MALLOC_")}

    assert memory_of(make_plan(tmp_path)) == WEB_MEMORY
    assert memory_of(make_plan(tmp_path, MALLOC_ARENA_MAX="8")) == WEB_MEMORY | {"MALLOC_ARENA_MAX": "8"}


def test_mediamtx_deletes_when_it_is_told_to(tmp_path: Path) -> None:
    config = tmp_path / "mediamtx" / "mediamtx.yml"
    make_plan(tmp_path).mediamtx(Path("mediamtx"))
    assert "  recordDeleteAfter: 7d\n" in config.read_text()
    make_plan(tmp_path, VMS_RECORD_DELETE_AFTER="0s").mediamtx(Path("mediamtx"))
    assert "  recordDeleteAfter: 0s\n" in config.read_text()
    with pytest.raises(NotStartedError, match="VMS_RECORD_DELETE_AFTER"):
        make_plan(tmp_path, VMS_RECORD_DELETE_AFTER="1m")
