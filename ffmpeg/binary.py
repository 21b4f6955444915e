"""Where the ffmpeg program comes from, and what the found one can encode."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ffmpeg.errors import FFmpegUnavailable

_ENCODER_LINE = re.compile(r"^ [VAS][A-Z.]{5} ([^\s=]\S*)", re.MULTILINE)


def find_ffmpeg(environ: Mapping[str, str]) -> Path:
    """Give the ffmpeg to use: `VMS_FFMPEG`, else the one on `PATH`, else the one inside the imageio-ffmpeg wheel.

    A `VMS_FFMPEG` that is wrong is never passed over in silence. Raises `FFmpegUnavailable`.
    """
    chosen = environ.get("VMS_FFMPEG", "").strip()
    if chosen:
        return _take_chosen(chosen, environ)
    on_path = shutil.which("ffmpeg", path=environ.get("PATH", ""))
    if on_path:
        return Path(on_path)
    return _take_from_wheel()


def list_encoders(ffmpeg: Path) -> frozenset[str]:
    """Give the names of all encoders of this ffmpeg, such as `libx264`. Raises `FFmpegUnavailable`."""
    return frozenset(_ENCODER_LINE.findall(_ask(ffmpeg, "-encoders")))


def can_forbid_redirects(ffmpeg: Path) -> bool:
    """Say whether this ffmpeg can be told to follow no redirect over HTTP. Raises `FFmpegUnavailable`."""
    return "-max_redirects " in _ask(ffmpeg, "-h", "protocol=http")


def _ask(ffmpeg: Path, *question: str) -> str:
    try:
        reply = subprocess.run(
            [ffmpeg, "-hide_banner", "-nostdin", *question],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise FFmpegUnavailable(
            f"{ffmpeg} does not run ({problem}). Set VMS_FFMPEG to a working ffmpeg of version 5.1 or newer."
        ) from problem
    return reply.stdout


def _take_chosen(chosen: str, environ: Mapping[str, str]) -> Path:
    found = shutil.which(chosen, path=environ.get("PATH", ""))
    if found is None:
        raise FFmpegUnavailable(
            f"VMS_FFMPEG is {chosen!r}, which is no program that can be run here. "
            "Correct it, or unset it to use the ffmpeg on PATH or the one that comes with our requirements."
        )
    return Path(found)


def _take_from_wheel() -> Path:
    try:
        import imageio_ffmpeg  # noqa: PLC0415 -- only looked for when nothing better is there; it may be absent
    except ImportError as missing:
        raise FFmpegUnavailable(_REMEDY) from missing
    folder = Path(imageio_ffmpeg.__file__).parent / "binaries"
    programs = [entry for entry in sorted(folder.glob("ffmpeg-*")) if os.access(entry, os.X_OK)]
    if not programs:
        raise FFmpegUnavailable(_REMEDY)
    return programs[-1]


_REMEDY = (
    "No ffmpeg found: VMS_FFMPEG is not set, none is on PATH, and the imageio-ffmpeg package holds none for this "
    "machine. Install ffmpeg 5.1 or newer (Debian: apt install ffmpeg), or run: pip install -r requirements.txt"
)
