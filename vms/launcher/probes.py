"""Cheap questions whose answer is whether a service does its work."""

import http.client
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import kombu.exceptions
from celery import Celery
from redis.exceptions import RedisError


def answers_ok(host: str, port: int, path: str, *, within: float = 2.0) -> bool:
    """Whether ``GET path`` is answered with 200."""
    return _get(host, port, path, within) is not None


def answers_at_all(host: str, port: int, path: str, *, within: float = 10.0) -> bool:
    """Whether ``GET path`` is answered, with whatever status: who refuses does not hang."""
    return _ask(host, port, path, within) is not None


def was_written_lately(recordings: Path, now: float, *, within: float = 60.0) -> bool:
    """Whether any camera's file was written in the last seconds; yes, too, where that cannot be known."""
    try:
        return any(written >= now - within for written in _list_times(recordings))
    except OSError:
        return True


def _list_times(recordings: Path) -> Iterator[float]:
    with os.scandir(recordings) as folders:
        for folder in folders:
            if folder.name.startswith("stream_") and folder.is_dir():
                with os.scandir(folder) as files:
                    yield from (file.stat().st_mtime for file in files)


def is_healthy(host: str, port: int, *, within: float = 5.0) -> bool:
    """Whether the installation says of itself that it is well."""
    try:
        health = json.loads(_get(host, port, "/health", within) or b"null")
    except ValueError:
        return False
    return isinstance(health, dict) and health.get("status") == "healthy"


def _get(host: str, port: int, path: str, within: float) -> bytes | None:
    """The body of an answer with 200; None for any other and for none."""
    status, body = _ask(host, port, path, within) or (None, None)
    return body if status == http.client.OK else None


def _ask(host: str, port: int, path: str, within: float) -> tuple[int, bytes] | None:
    """Status and body of the answer; None where there is none."""
    connection = http.client.HTTPConnection(host, port, timeout=within)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def worker_answers(redis_url: str, node: str, *, within: float = 1.0) -> bool:
    """Whether the Celery worker of that node name, and no other, answers a ping over the broker."""
    app = Celery(f"probe-{uuid.uuid4().hex}", broker=spell_broker_url(redis_url), set_as_current=False)
    # No pool: kombu's pools outlive the app, and after a restart of Redis they hold nothing but dead connections.
    app.conf.update(broker_pool_limit=0, broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 2})
    try:
        return bool(app.control.ping(destination=[node], timeout=within, limit=1))
    except (kombu.exceptions.OperationalError, RedisError, OSError):
        return False
    finally:
        app.close()


def spell_broker_url(redis_url: str) -> str:
    """The Redis address as Celery spells it: it has a scheme of its own for unix sockets."""
    parts = urlsplit(redis_url)
    return f"redis+socket://{parts.path}" if parts.scheme == "unix" else redis_url
