"""Cheap questions whose answer is whether a service does its work."""

import http.client
import json
import uuid
from urllib.parse import urlsplit

import kombu.exceptions
from celery import Celery
from redis.exceptions import RedisError


def answers_ok(host: str, port: int, path: str, *, within: float = 2.0) -> bool:
    """Whether ``GET path`` is answered with 200."""
    return _get(host, port, path, within) is not None


def is_healthy(host: str, port: int, *, within: float = 5.0) -> bool:
    """Whether the installation says of itself that it is well."""
    try:
        health = json.loads(_get(host, port, "/health", within) or b"null")
    except ValueError:
        return False
    return isinstance(health, dict) and health.get("status") == "healthy"


def _get(host: str, port: int, path: str, within: float) -> bytes | None:
    """The body of an answer with 200; None for any other and for none."""
    connection = http.client.HTTPConnection(host, port, timeout=within)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        return answer.read() if answer.status == http.client.OK else None
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
