"""No task asks for cities' rows outside of a scope: Postgres would show it none, and nobody would notice."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from cities.active import spell_scope
from cities.scope import CityOwned, city_scope
from tests.world import World
from vms.celery import app

TABLES = [
    f"{quote}{model._meta.db_table}"
    for model in apps.get_models()
    if issubclass(model, CityOwned)
    for quote in ('"', " ")
]
ROOMS = ("cameras.", "streams.", "recording.", "observers.", "cities.", "vms.")

app.loader.import_default_modules()
TASKS = {name: task for name, task in app.tasks.items() if name.startswith(ROOMS)}


def note_unscoped(seen: list[str]) -> Callable[..., Any]:
    """Give what Django wraps around each statement; it notes those that Postgres answers with nothing."""

    def ask(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 -- Django's signature
        if spell_scope() == "" and any(table in sql for table in TABLES):
            seen.append(sql)
        return execute(sql, params, many, context)

    return ask


@pytest.mark.parametrize("name", sorted(TASKS))
def test_no_task_asks_outside_of_a_scope(world: World, name: str) -> None:
    ids = {"server_id": world.server.pk, "server_ids": [world.server.pk], "camera_id": str(world.camera.pk)}
    task, seen = TASKS[name], list[str]()
    wanted = list(inspect.signature(task.run).parameters)
    with connection.execute_wrapper(note_unscoped(seen)):
        task.run(*(ids[each] for each in wanted))
    assert seen == []


def test_it_would_be_noticed(world: World) -> None:
    seen: list[str] = []
    with connection.execute_wrapper(note_unscoped(seen)), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cameras_camera AS camera")
        with city_scope(world.city.pk):
            cursor.execute("SELECT count(*) FROM cameras_camera AS camera")
        cursor.execute("SELECT count(*) FROM cities_city")
    assert seen == ["SELECT count(*) FROM cameras_camera AS camera"]
    assert len(TASKS) > 15
