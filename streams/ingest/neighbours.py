"""Ingest processes of this very machine: the pictures of one that died need not wait until its leases end."""

import os
import socket
from collections.abc import Iterable
from pathlib import Path

_OUR_PROCESSES = Path("/proc/self/ns/pid")


def name_this_process() -> str:
    """Give `host:namespace:pid`: enough for a neighbour to see whether we live, and for people to find us."""
    return f"{_name_machine()}:{os.getpid()}"


def find_dead(owners: Iterable[str]) -> list[str]:
    """Give those owners of leases that were processes of this machine and run no more; of others we know nothing."""
    return [owner for owner in owners if _was_here(owner) and not _lives(owner)]


def _name_machine() -> str:
    # Containers may share a host's name and each have a process 7: the namespace tells whose 7 it is.
    namespace = _OUR_PROCESSES.stat().st_ino if _OUR_PROCESSES.exists() else 0
    return f"{socket.gethostname()}:{namespace}"


def _was_here(owner: str) -> bool:
    machine, _, process = owner.partition("#")[0].rpartition(":")
    return _OUR_PROCESSES.exists() and machine == _name_machine() and process.isdecimal()


def _lives(owner: str) -> bool:
    return Path(f"/proc/{owner.partition('#')[0].rpartition(':')[2]}").exists()
