"""The script that looks a camera's name up, judges where it leads, and becomes the ffmpeg that pulls it.

Started as `python -I -S gatekeeper.py` with its order on standard input (see `ffmpeg/gate.py`), so that no secret
stands on a command line. It says why it refuses by one line on standard error that `ffmpeg.failures` knows. A name
server that gives no answer within three seconds ends it by SIGALRM: a look-up inside the C library hears nothing else.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ffmpeg.checking import LOOKUP_SECONDS, judge_host, lookup_host
from ffmpeg.networks import Address, Neighbourhood


def main() -> None:
    """Judge, then become ffmpeg; exit with 1 where the camera may not be there."""
    order = json.loads(sys.stdin.buffer.read())
    signal.setitimer(signal.ITIMER_REAL, LOOKUP_SECONDS)
    try:
        around = Neighbourhood(tuple(order["networks"]), tuple((host, port) for host, port in order["own"]))
        refusal, addresses = judge_host(order["host"], order["port"], around, lookup_host)
    except OSError:
        sys.exit("[error] Failed to resolve hostname")
    signal.setitimer(signal.ITIMER_REAL, 0)
    if refusal:
        sys.exit(f"[error] address refused: {refusal.value}")
    become(order, addresses[0])


def become(order: dict[str, Any], address: Address) -> None:
    """Replace this process by the ordered one, the judged address in its place and its standard input before it."""
    written = f"[{address}]" if address.version == 6 else str(address)
    argv = [part.replace(order["placeholder"], written) for part in order["argv"]]
    feed_stdin((order["stdin"] or "").replace(order["placeholder"], written))
    os.execv(argv[0], argv)  # noqa: S606 -- an argv list, and no shell


def feed_stdin(text: str) -> None:
    """Let standard input hold this text and end; a few kilobytes fit into a fresh pipe without anybody reading."""
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    os.dup2(reader, 0)
    os.close(reader)


if __name__ == "__main__":
    main()
