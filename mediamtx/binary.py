"""Finding the MediaMTX program, or getting it: from the machine, our cache, the official release, or its Go module."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .build import Target, build_from_module
from .errors import BinaryUnavailable
from .release import download_release
from .workshop import find_cache_dir

MEDIAMTX_VERSION = "v1.20.1"

_ARCHITECTURES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
}
_RELEASED = {("linux", "amd64"), ("linux", "arm64"), ("darwin", "amd64"), ("darwin", "arm64")}

Report = Callable[[str], None]


@dataclass(frozen=True)
class Search:
    """One search for the program: for which machine, with which cache and environment, and where it tells its steps."""

    goos: str
    goarch: str
    cache: Path
    environ: Mapping[str, str]
    report: Report

    @property
    def cached(self) -> Path:
        """The place in the cache of this version for this machine."""
        return self.cache / "mediamtx" / f"{MEDIAMTX_VERSION}-{self.goos}-{self.goarch}" / "mediamtx"


def find_or_get_binary(*, cache_dir: Path, environ: Mapping[str, str], report: Report) -> Path:
    """Give a MediaMTX program of our version: MEDIAMTX_BIN, PATH, the cache, the official release, or a build.

    Tells each step in one line through `report`; the failure of one step leads to the next. A program that
    MEDIAMTX_BIN names is taken whatever its version, with a warning. What was got is kept in `cache_dir`.
    Raises BinaryUnavailable, one sentence that names the remedy.
    """
    search = Search(sys.platform, _name_architecture(), cache_dir, environ, report)
    found = _take_named(search) or _take_from_path(search) or _take_cached(search)
    return found or _get(search)


def read_version(binary: Path) -> str:
    """Give what the program says to `--version`, or "" with anything that does not run or does not answer."""
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def _name_architecture() -> str:
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


def _take_named(search: Search) -> Path | None:
    named = search.environ.get("MEDIAMTX_BIN")
    if not named:
        return None
    version = read_version(Path(named))
    if not version:
        search.report(f"MEDIAMTX_BIN names {named}, which does not run: looking further")
        return None
    if version != MEDIAMTX_VERSION:
        search.report(f"MEDIAMTX_BIN is MediaMTX {version}; we are written for {MEDIAMTX_VERSION}")
    search.report(f"MediaMTX {version} named by MEDIAMTX_BIN: {named}")
    return Path(named)


def _take_from_path(search: Search) -> Path | None:
    found = shutil.which("mediamtx", path=search.environ.get("PATH", os.defpath))
    if not found:
        return None
    version = read_version(Path(found))
    if version != MEDIAMTX_VERSION:
        search.report(f"{found} is MediaMTX {version or 'of unknown version'}, not {MEDIAMTX_VERSION}: looking further")
        return None
    search.report(f"MediaMTX {version} found on PATH: {found}")
    return Path(found)


def _take_cached(search: Search) -> Path | None:
    if read_version(search.cached) != MEDIAMTX_VERSION:
        return None
    search.report(f"MediaMTX {MEDIAMTX_VERSION} found in the cache: {search.cached}")
    return search.cached


def _get(search: Search) -> Path:
    """Download or build the program into the cache."""
    reasons = []
    for step in (_download, _build):
        try:
            return _install(search, step)
        except (BinaryUnavailable, OSError) as error:
            reasons.append(" ".join(str(error).split()))
            search.report(reasons[-1])
    raise BinaryUnavailable(
        f"MediaMTX {MEDIAMTX_VERSION} cannot be had ({'; '.join(dict.fromkeys(reasons))}): set MEDIAMTX_BIN to a"
        " MediaMTX program, or let this machine reach github.com or the Go, Python and npm package registries and"
        " write to VMS_CACHE"
    )


def _install(search: Search, get: Callable[[Search, Path], None]) -> Path:
    """Get the program aside, see that it runs, and move it into its place in one stroke."""
    search.cached.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".mediamtx-", dir=search.cached.parent)
    os.close(descriptor)
    aside = Path(name)
    try:
        get(search, aside)
        aside.chmod(0o755)
        if read_version(aside) != MEDIAMTX_VERSION:
            raise BinaryUnavailable(f"what we got says it is MediaMTX {read_version(aside) or '(nothing)'}")
        aside.replace(search.cached)
    finally:
        with suppress(FileNotFoundError):
            aside.unlink()
    search.report(f"MediaMTX {MEDIAMTX_VERSION} is in the cache: {search.cached}")
    return search.cached


def _download(search: Search, into: Path) -> None:
    if (search.goos, search.goarch) not in _RELEASED:
        raise BinaryUnavailable(f"we take no official release for {search.goos}-{search.goarch}")
    search.report(f"asking for the official release of MediaMTX {MEDIAMTX_VERSION}")
    download_release(MEDIAMTX_VERSION, f"{search.goos}_{search.goarch}", into, search.report)


def _build(search: Search, into: Path) -> None:
    target = Target(MEDIAMTX_VERSION, search.goos, search.goarch)
    build_from_module(target, cache=search.cache, into=into, environ=search.environ, report=search.report)


def main() -> int:
    """Print the program's path on standard output, its steps on standard error."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds, so that compilers end and nothing is left
    try:
        path = find_or_get_binary(
            cache_dir=find_cache_dir(os.environ),
            environ=os.environ,
            report=lambda line: print(line, file=sys.stderr, flush=True),  # noqa: T201 -- this is a command's output
        )
    except BinaryUnavailable as error:
        print(error, file=sys.stderr)  # noqa: T201 -- this is a command's output
        return 1
    print(path)  # noqa: T201 -- this is a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
