"""In which order the MediaMTX program is looked for."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mediamtx import binary
from mediamtx.binary import MEDIAMTX_VERSION, find_or_get_binary, read_version
from mediamtx.build import Target
from mediamtx.errors import BinaryUnavailable
from mediamtx.workshop import find_cache_dir


def make_program(path: Path, version: str = MEDIAMTX_VERSION) -> Path:
    """Write a program that tells a version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


@dataclass
class Machine:
    """A machine with an empty PATH and an empty cache, cut off from the world unless a test says otherwise."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def cached(self) -> Path:
        """Where the program belongs in the cache."""
        return binary.Search(sys.platform, binary._name_architecture(), self.folder / "cache", {}, print).cached

    def find(self) -> Path:
        """Look for the program."""
        environ = {"PATH": str(self.folder / "path")} | self.environ
        return find_or_get_binary(cache_dir=self.folder / "cache", environ=environ, report=self.said.append)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine that has nothing."""

    def refuse(*_: object, **__: object) -> None:
        raise BinaryUnavailable("no network")

    monkeypatch.setattr(binary, "download_release", refuse)
    monkeypatch.setattr(binary, "build_from_module", refuse)
    return Machine(tmp_path)


def test_the_named_program_comes_first(machine: Machine) -> None:
    named = make_program(machine.folder / "named")
    make_program(machine.folder / "path" / "mediamtx")
    machine.environ["MEDIAMTX_BIN"] = str(named)
    assert machine.find() == named
    assert machine.said == [f"MediaMTX v1.20.1 named by MEDIAMTX_BIN: {named}"]


def test_a_named_program_of_another_version_is_taken_with_a_warning(machine: Machine) -> None:
    machine.environ["MEDIAMTX_BIN"] = str(make_program(machine.folder / "named", "v1.21.0"))
    assert machine.find() == machine.folder / "named"
    assert machine.said[0] == "MEDIAMTX_BIN is MediaMTX v1.21.0; we are written for v1.20.1"


def test_a_named_program_that_does_not_run_leads_to_the_next_step(machine: Machine) -> None:
    machine.environ["MEDIAMTX_BIN"] = str(machine.folder / "absent")
    on_path = make_program(machine.folder / "path" / "mediamtx")
    assert machine.find() == on_path
    assert "does not run" in machine.said[0]


def test_path_comes_before_the_cache(machine: Machine) -> None:
    on_path = make_program(machine.folder / "path" / "mediamtx")
    make_program(machine.cached)
    assert machine.find() == on_path


def test_another_version_on_path_leads_to_the_cache(machine: Machine) -> None:
    make_program(machine.folder / "path" / "mediamtx", "v1.19.0")
    make_program(machine.cached)
    assert machine.find() == machine.cached
    assert "is MediaMTX v1.19.0, not v1.20.1" in machine.said[0]


def test_the_release_comes_before_the_build(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(version: str, platform: str, into: Path, report: Callable[[str], None]) -> None:
        make_program(into, version)

    monkeypatch.setattr(binary, "download_release", download)
    assert machine.find() == machine.cached
    assert read_version(machine.cached) == MEDIAMTX_VERSION
    assert [path.name for path in machine.cached.parent.iterdir()] == ["mediamtx"]


def test_a_failed_release_leads_to_the_build(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(target: Target, *, into: Path, **_: object) -> None:
        make_program(into, target.version)

    monkeypatch.setattr(binary, "build_from_module", build)
    assert machine.find() == machine.cached
    assert "no network" in machine.said


def test_what_we_got_must_tell_our_version(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(target: Target, *, into: Path, **_: object) -> None:
        make_program(into, "v0.0.0")

    monkeypatch.setattr(binary, "build_from_module", build)
    with pytest.raises(BinaryUnavailable, match=r"v0\.0\.0"):
        machine.find()
    assert list(machine.cached.parent.iterdir()) == []


def test_when_nothing_helps_one_sentence_names_the_remedy(machine: Machine) -> None:
    with pytest.raises(BinaryUnavailable, match="set MEDIAMTX_BIN to a MediaMTX program, or let this machine reach"):
        machine.find()


def test_a_cache_that_cannot_be_written_is_told(machine: Machine) -> None:
    (machine.folder / "cache").write_text("a file where the folder should be")
    with pytest.raises(BinaryUnavailable, match="write to VMS_CACHE"):
        machine.find()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"VMS_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/open-city-vms"),
        ({"HOME": "/c"}, "/c/.cache/open-city-vms"),
    ],
)
def test_the_cache_is_where_the_user_keeps_caches(environ: dict[str, str], expected: str) -> None:
    assert find_cache_dir(environ) == Path(expected)


def test_the_command_prints_the_path_last(tmp_path: Path) -> None:
    named = make_program(tmp_path / "named")
    done = subprocess.run(
        [sys.executable, "-m", "mediamtx.binary"],
        env={**os.environ, "MEDIAMTX_BIN": str(named)},
        cwd=Path(binary.__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{named}\n"
    assert done.stderr == f"MediaMTX v1.20.1 named by MEDIAMTX_BIN: {named}\n"
