"""Starts a relay only towards an address that a camera may have, and lets it connect to no other.

An address written in numbers is judged here and now. A host name is looked up by the process that then becomes ffmpeg
(`ffmpeg/gatekeeper.py`), so that a slow name server holds up one picture and not all, and ffmpeg is given the address
that was judged: a name that leads elsewhere a moment later (DNS rebinding) changes nothing. Where the name itself must
be said to the server (TLS, HLS), ffmpeg looks it up once more, some ten milliseconds after it was judged.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ffmpeg.checking import judge_host
from ffmpeg.commands import RelayCommand, SourceFormat, guess_format
from ffmpeg.errors import RefusedAddress
from ffmpeg.networks import TEXTS, Address, Neighbourhood, read_address
from ffmpeg.sources import DEFAULT_PORTS, SourceUrl

PLACEHOLDER = "judged-address.invalid"
"""Stands in a command where the gatekeeper puts the address that it judged."""

_GATEKEEPER = Path(__file__).with_name("gatekeeper.py")


class RelayMaker(Protocol):
    """Gives the command that pulls a source; `host_header` is what HTTP must say where the address lost its name."""

    def __call__(self, source: SourceUrl, *, host_header: str) -> RelayCommand: ...


def guard_relay(source: SourceUrl, around: Neighbourhood, make: RelayMaker) -> RelayCommand:
    """Give the command that pulls `source`, which `make` makes, with everything judged that can be before it connects.

    Raises RefusedAddress where the camera's address is no camera's.
    """
    port = port_of(source)
    if read_address(source.host) is not None and not around.names_at(port):
        refusal, _ = judge_host(source.host, port, around, _never_lookup)
        if refusal:
            raise RefusedAddress(TEXTS[refusal])
        return make(source, host_header="")
    command = _make_pinned(source, make) if is_pinned(source) else make(source, host_header="")
    order = {
        "host": source.host,
        "port": port,
        "networks": around.networks,
        "own": around.own,
        "argv": command.argv,
        "stdin": command.stdin_text,
        "placeholder": PLACEHOLDER,
    }
    return RelayCommand((sys.executable, "-I", "-S", str(_GATEKEEPER)), json.dumps(order))


def port_of(source: SourceUrl) -> int:
    """Give the port that ffmpeg connects to."""
    return source.port or DEFAULT_PORTS[source.scheme]


def is_pinned(source: SourceUrl) -> bool:
    """Say whether ffmpeg can be given the judged address instead of the host's name."""
    if source.scheme == "http":
        return guess_format(source) is SourceFormat.MJPEG
    return source.scheme in {"rtsp", "rtmp"}


def _make_pinned(source: SourceUrl, make: RelayMaker) -> RelayCommand:
    port = "" if source.port is None else f":{source.port}"
    header = f"{source.host}{port}" if source.scheme == "http" and read_address(source.host) is None else ""
    return make(replace(source, host=PLACEHOLDER), host_header=header)


def _never_lookup(host: str) -> list[Address]:
    raise AssertionError(f"{host} is written in numbers")
