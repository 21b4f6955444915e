"""Running other programs to get or build something: with a folder, a cache, and a word every few seconds."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import BinaryUnavailable

_ROOT = Path(__file__).resolve().parent.parent
_REPORT_EVERY_SECONDS = 8.0
_STEP_SECONDS = 1800.0


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


def find_cache_dir(environ: Mapping[str, str]) -> Path:
    """Give the folder that keeps what is slow to get: VMS_CACHE, else open-city-vms in the user's cache folder."""
    if environ.get("VMS_CACHE"):
        return Path(environ["VMS_CACHE"])
    home = Path(environ["HOME"]) if environ.get("HOME") else Path("~").expanduser()
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "open-city-vms"


def give_home(environ: Mapping[str, str], cache: Path) -> dict[str, str]:
    """Give an environment in which programs such as Go and npm find a home they may write to."""
    settings = dict(environ)
    home = settings.get("HOME", "")
    if not home or not os.access(home, os.W_OK):
        settings["HOME"] = str(cache / "home")
        Path(settings["HOME"]).mkdir(parents=True, exist_ok=True)
    settings.setdefault("PATH", os.defpath)
    settings.setdefault("NODE_USE_SYSTEM_CA", "1")  # like Go and pip: a company's own certificate authority counts
    return settings


def install_wheel(workshop: Workshop, requirements: str) -> Path:
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
