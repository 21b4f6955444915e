"""What the launcher starts MediaMTX with."""

from pathlib import Path
from uuid import UUID

import pytest

from mediamtx.config import read_off_cameras, write_config
from mediamtx.recording_switch import replace_off
from vms.launcher.errors import NotStartedError
from vms.launcher.plan import WEB_MEMORY, Addresses, Plan, plan_postgres, plan_redis
from vms.launcher.postgres import PostgresPlace
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


def test_what_hangs_is_noticed_and_the_more_patiently_the_more_a_start_anew_costs(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    place = PostgresPlace(programs=tmp_path, data=tmp_path, sockets=tmp_path, owner=None)
    services = [plan.mediamtx(Path("mediamtx")), plan.web(), plan.worker(), plan.keeper(), plan.painter()]
    services += [plan.beat(), plan.ingest(), plan_postgres(place, tmp_path), plan_redis(tmp_path, tmp_path, tmp_path)]
    watches = {service.name: service.watch for service in services}
    minutes = {name: watch.every * watch.looks / 60 for name, watch in watches.items() if watch and watch.restarts}
    quick = dict.fromkeys(("web", "worker", "keeper", "painter", "beat"), 1.5)
    assert minutes == quick | dict.fromkeys(("mediamtx", "ingest", "redis"), 3.0)
    assert [name for name, watch in watches.items() if watch and not watch.restarts] == ["postgres"]
    felt = [service.name for service in services if service.program.has_pulse]
    assert felt == ["beat", "ingest"]


def test_a_mediamtx_that_writes_is_left_alone_though_its_api_is_silent(tmp_path: Path) -> None:
    watch = make_plan(tmp_path).mediamtx(Path("mediamtx")).watch
    assert watch is not None
    folder = tmp_path / "recordings" / "stream_a"
    folder.mkdir(parents=True)
    before = watch.is_excused()
    (folder / "2026-01-27_03-00-00-000000.mp4").touch()
    assert [before, watch.is_excused()] == [False, True]
