"""One look at a camera: its first picture and what its streams are, or why there is none. Bounded in time and bytes."""

from __future__ import annotations

import re
import selectors
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from ffmpeg.commands import RelayCommand
from ffmpeg.failures import Failure, FailureKind, explain_failure, redact
from ffmpeg.networks import TEXTS, Neighbourhood, Peer, judge_peers
from ffmpeg.process import open_process, read_now

LONGEST_SECONDS = 25.0
"""Longer than the widest distance between two keyframes that cameras are set to."""
MOST_BYTES = 4 * 2**20
"""A picture of 960 pixels has some 200 KB; what says more is no picture."""

_ROUND_SECONDS = 0.1
_LAST_SECONDS = 2.0
_MOST_WORDS = 64 * 1024
_NOBODY = ("", 0)
_STREAM = re.compile(r"Stream #0:\d+[^:\n]*: (Video|Audio): ([^\n]*)")
_SIZE = re.compile(r"\b(\d{2,5})x(\d{2,5})\b")
_RATE = re.compile(r"([\d.]+) fps")
_HERTZ = re.compile(r"(\d+) Hz, ([^,\n]+)")


@dataclass(frozen=True)
class Description:
    """What a camera sends: codecs as ffmpeg names them; None and empty where it did not say."""

    video: str = ""
    profile: str = ""
    width: int | None = None
    height: int | None = None
    frames_per_second: float | None = None
    audio: str = ""
    audio_layout: str = ""


@dataclass(frozen=True)
class Look:
    """A picture with its description, or the failure in words that hold no credentials."""

    picture: bytes = b""
    description: Description = Description()
    failure: Failure | None = None


Peers = Callable[[int], Sequence[Peer]]
"""Gives the far ends of a process's connections."""


def look_once(command: RelayCommand, around: Neighbourhood, peers: Peers, *, seconds: float = LONGEST_SECONDS) -> Look:
    """Run a snapshot's command to its end, or end it: too slow, too talkative, or led to where no camera may be.

    Raises `FFmpegNotStarted`. Call it from a process's main thread, as `ffmpeg.process` wants.
    """
    process = open_process(command)
    try:
        out, said, stopped = _follow(process, around, peers, time.monotonic() + seconds)
        code = None if stopped else process.wait(_LAST_SECONDS)
    except subprocess.TimeoutExpired:
        return Look(failure=explain_failure("timed out", None))
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()
    words = redact(said.decode("utf-8", errors="replace"))
    if stopped:
        return Look(failure=stopped)
    if out.startswith(b"\xff\xd8") and out.rstrip(b"\0").endswith(b"\xff\xd9"):
        return Look(out, describe_streams(words))
    return Look(failure=explain_failure(_complaints(words), code))


def describe_streams(stderr: str) -> Description:
    """Read what ffmpeg says of its input's first picture and first sound."""
    found = dict(reversed(_STREAM.findall(stderr.partition("Output #0")[0])))
    video, audio = found.get("Video", ""), found.get("Audio", "")
    size, rate, hertz = _SIZE.search(video), _RATE.search(video), _HERTZ.search(audio)
    return Description(
        video=_name(video),
        profile=_profile(video),
        width=int(size[1]) if size else None,
        height=int(size[2]) if size else None,
        frames_per_second=float(rate[1]) if rate else None,
        audio=_name(audio),
        audio_layout=f"{hertz[1]} Hz, {hertz[2]}" if hertz else "",
    )


def _follow(
    process: subprocess.Popen[bytes], around: Neighbourhood, peers: Peers, until: float
) -> tuple[bytes, bytes, Failure | None]:
    out = said = b""
    with selectors.DefaultSelector() as selector:
        pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe]
        while any(not pipe.closed for pipe in pipes):
            _wait(selector, pipes)
            out += _read(process.stdout)
            said = (said + _read(process.stderr))[-_MOST_WORDS:]
            if refusal := judge_peers(peers(process.pid), around, _NOBODY):
                return b"", said, Failure(FailureKind.ADDRESS_REFUSED, TEXTS[refusal])
            if time.monotonic() > until:
                return b"", said, explain_failure("timed out", None)
            if len(out) > MOST_BYTES:
                return b"", said, explain_failure("Invalid data found when processing input", None)
    return out, said, None


def _wait(selector: selectors.DefaultSelector, pipes: Sequence[IO[bytes]]) -> None:
    """Wait until one of the pipes has something, or a round long."""
    for pipe in pipes:
        if not pipe.closed:
            selector.register(pipe, selectors.EVENT_READ)
    selector.select(_ROUND_SECONDS)
    for key in list(selector.get_map().values()):
        selector.unregister(key.fileobj)


def _read(pipe: IO[bytes] | None) -> bytes:
    return read_now(pipe) if pipe else b""


def _complaints(words: str) -> str:
    """Leave out what is no complaint: a stream's description must not be read as one."""
    return "\n".join(line for line in words.splitlines() if "[info]" not in line)


def _name(stream: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", stream)
    return found[0] if found else ""


def _profile(stream: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+ \(([^)/]{1,40})\)", stream)
    return found[1] if found else ""
