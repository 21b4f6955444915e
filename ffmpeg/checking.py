"""Looks up a camera's host and judges where it leads, at most three seconds long."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, ip_address

from ffmpeg.networks import Address, Neighbourhood, Refusal, judge_addresses, read_address, read_networks

LOOKUP_SECONDS = 3.0

Lookup = Callable[[str], list[Address]]
"""Gives the addresses of a host name; OSError where it has none or nobody knows."""


def judge_host(host: str, port: int, around: Neighbourhood, lookup: Lookup) -> tuple[Refusal | None, list[Address]]:
    """Say why a camera may not be at this host and port, and give the addresses that were judged.

    OSError where the host has no address. Names of our own services that nobody knows now hide no service; they are
    looked up only where the port is theirs, so that a slow name server keeps no camera away that has no name.
    """
    addresses = _find(host, lookup)
    own = [(address, port) for name in around.services_at(port) for address in _find_or_none(name, lookup)]
    here = {address for address in addresses if is_here(address)}
    networks = read_networks(around.networks)
    return judge_addresses(addresses, port, networks=networks, own=own, here=here), addresses


def lookup_host(host: str) -> list[Address]:
    """Give the addresses of a host as the system knows them; may take as long as the system likes."""
    # As bytes: the host is ASCII already, and the codec for names would be loaded first.
    found = socket.getaddrinfo(host.encode(), None, type=socket.SOCK_STREAM)
    return sorted({ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}, key=lambda each: each.version)


def lookup_within(host: str, seconds: float = LOOKUP_SECONDS, lookup: Lookup = lookup_host) -> list[Address]:
    """Give the addresses of a host; OSError where there is no answer in time, and then a thread that still waits."""
    answers: queue.SimpleQueue[list[Address] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(lookup(host))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="lookup").start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty as late:
        raise TimeoutError("no answer from the name server in time") from late
    if isinstance(answer, OSError):
        raise answer
    return answer


def is_here(address: Address) -> bool:
    """Say whether the address is this machine's own."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _find(host: str, lookup: Lookup) -> list[Address]:
    written = read_address(host)
    if written is not None:
        return [written]
    # RFC 6761: these mean this machine, whatever a name server says; some systems do not know them all.
    if f".{host.lower().removesuffix('.')}".endswith(".localhost"):
        return [IPv4Address("127.0.0.1")]
    return lookup(host)


def _find_or_none(host: str, lookup: Lookup) -> Iterable[Address]:
    try:
        return _find(host, lookup)
    except OSError:
        return []
