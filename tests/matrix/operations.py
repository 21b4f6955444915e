"""The operations of the API, read from the resolver and from the OpenAPI description, and how to call one."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver
from drf_spectacular.generators import SchemaGenerator

from cities.models import Role
from tests.matrix.table import read_table

PREFIX = "/api/v1/"
PROBLEM = "application/problem+json"
SAFE = {"get"}

BODIES = {
    ("post", "/api/v1/cameras"): {"name": "New camera", "source_url": "rtsp://10.0.0.6/live"},
    ("put", "/api/v1/cameras/{camera_id}"): {"name": "Renamed"},
    ("patch", "/api/v1/cameras/{camera_id}"): {"location": "Elsewhere"},
    ("put", "/api/v1/retention"): {"days": 15},
    ("put", "/api/v1/cameras/{camera_id}/retention"): {"days": 30},
    ("post", "/api/v1/groups"): {"name": "New group", "camera_ids": ["{camera_id}"]},
    ("put", "/api/v1/groups/{group_id}"): {"name": "Renamed", "camera_ids": []},
    ("post", "/api/v1/holds"): {
        "camera_id": "{camera_id}",
        "from": "2026-01-27T11:00:00Z",
        "to": "2026-01-27T12:00:00Z",
        "reason": "Robbery",
    },
    ("post", "/api/v1/mosaics"): {
        "name": "Night shift",
        "rows": 2,
        "columns": 2,
        "tiles": [{"position": 3, "camera_id": "{camera_id}"}],
    },
    ("put", "/api/v1/mosaics/{mosaic_id}"): {
        "name": "Day shift",
        "rows": 1,
        "columns": 1,
        "rotation_seconds": 30,
        "tiles": [{"position": 0, "camera_id": "{camera_id}"}],
        "revision": 1,
    },
    ("patch", "/api/v1/mosaics/{mosaic_id}"): {"name": "Evening shift", "revision": 1},
}
"""What is sent; an id in braces is the one that the case is about."""

TIMES = {
    "from": "2026-01-27T11:00:00Z",
    "to": "2026-01-27T12:00:00Z",
    "at": "2026-01-27T11:45:00Z",
    "month": "2026-01",
}
"""What those are asked with that must be told a time."""


@dataclass(frozen=True)
class Operation:
    """A method of a route; `in_path` and `in_query` are the ids it must be given, `times` what else it must be told."""

    method: str
    route: str
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]
    times: tuple[str, ...] = ()

    @property
    def names_something(self) -> bool:
        return bool(self.in_path or self.in_query)

    @property
    def body(self) -> Any:
        return BODIES.get((self.method, self.route))

    @property
    def row(self) -> str:
        """Its name in docs/roles.md."""
        return f"{self.method.upper()} {self.route}"

    def allows(self, column: str) -> bool:
        """Say what docs/roles.md says of this role."""
        return read_table("Operation")[self.row][column] == "yes"

    def address(self, ids: dict[str, str]) -> str:
        asked = [f"{name}={ids[name]}" for name in self.in_query] + [f"{name}={TIMES[name]}" for name in self.times]
        return self.route.format(**ids) + ("?" + "&".join(asked) if asked else "")

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


def walk_routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Give (route, its pattern) of every route of ours, ids as {name}."""
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk_routes(entry.url_patterns, route)
        else:
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route), entry


def walk_api(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, str]]:
    """Give (method, route) of everything below PREFIX."""
    for route, entry in walk_routes(patterns):
        if route.startswith(PREFIX):
            view = entry.callback.view_class  # type: ignore[attr-defined]  # Django sets it on as_view()'s function
            methods = [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]
            yield from ((method, route) for method in methods)


def read_operations() -> list[Operation]:
    """Give the operations that the OpenAPI description lists below PREFIX."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return [
        Operation(method, route, _required(operation, "path"), *_split(_required(operation, "query")))
        for route, operations in schema["paths"].items()
        if route.startswith(PREFIX)
        for method, operation in operations.items()
    ]


def _split(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give ids and times apart; what must be told where a time begins is told where it ends, too."""
    times = tuple(name for name in names if name in TIMES)
    return tuple(name for name in names if name not in TIMES), (*times, "to") if "from" in times else times


def _required(operation: dict[str, Any], place: str) -> tuple[str, ...]:
    parameters = [parameter for parameter in operation["parameters"] if parameter.get("in") == place]
    return tuple(parameter["name"] for parameter in parameters if parameter.get("required"))


OPERATIONS = read_operations()
NAMING = [operation for operation in OPERATIONS if operation.names_something]
LISTS_OF_CAMERAS = {
    f"/api/v1/{name}" for name in ("alarms", "cameras", "coverage", "gaps", "groups", "holds", "mosaics", "streams")
}
NO_LISTS = {"/api/v1/retention", "/api/v1/coverage.csv", "/api/v1/audit.csv"}
"""What a city has one of, and what is a file."""

LISTS = [
    operation
    for operation in OPERATIONS
    if operation.method == "get" and not operation.names_something and operation.route not in NO_LISTS
]
QUERIES = {"/api/v1/coverage": 4}
"""What a list asks the database for where that is not the caller and the rows: here sessions and gaps of a page."""


def smallest_role(operation: Operation) -> Role:
    """Give the role that an operation asks for, by docs/roles.md."""
    order = (Role.VIEWER, Role.OPERATOR, Role.MANAGER, Role.AUDITOR)
    return next(role for role in order if operation.allows(role.value))


def call(client: Client, operation: Operation, ids: dict[str, str], **extra: Any) -> Any:
    """Call an operation with these ids in its path, query and body."""
    body = json.dumps(operation.body) if operation.body is not None else ""
    for name, value in ids.items():
        body = body.replace(f'"{{{name}}}"', json.dumps(value))
    return client.generic(operation.method.upper(), operation.address(ids), body, "application/json", **extra)


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    """Hold an answer to be a whole problem of this status, and give it."""
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), answer.content
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    return problem
