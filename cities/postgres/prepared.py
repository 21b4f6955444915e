"""Questions asked by prepared statements, for what every request asks and what is hot.

Django builds a question anew each time and puts its values into the text, so that Postgres plans it anew too: for
one row, that takes ten times as long as to find it.
"""

import threading
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections, models

M = TypeVar("M", bound=models.Model)


class _Asking(threading.local):
    """What a thread asks with: Django's connection, and for each statement a cursor, which knows from the last time how
    its values are written and its rows are read.
    """

    def __init__(self) -> None:
        self.connection = connections[DEFAULT_DB_ALIAS]  # each thread has one for good, which connects as it needs to
        self._cursors: dict[str, psycopg.Cursor[Any]] = {}

    def find_cursor(self, statement: str) -> psycopg.Cursor[Any]:
        """Give the statement's cursor; another one where the driver's connection is another."""
        driver, cursor = self.connection.connection, self._cursors.get(statement)
        if cursor is None or cursor.connection is not driver:
            driver.prepare_threshold = driver.prepare_threshold or 1
            cursor = self._cursors[statement] = psycopg.Cursor(driver)
        return cursor


_ASKING = _Asking()


def ask(statement: str, values: dict[str, Any]) -> list[Any]:
    """Give the rows as the driver reads them, in binary. The statement itself must say what is in scope.

    There must be few statements: of each, the last answer is kept until it is asked again.
    """
    ours = _ASKING.connection
    ours.close_if_health_check_failed()
    if ours.connection is None:  # what Django asks too, a microsecond later
        ours.ensure_connection()
    with ours.wrap_database_errors:
        cursor = _ASKING.find_cursor(statement).execute(statement, values, prepare=True, binary=True)
        if ours.force_debug_cursor:  # whoever counts Django's own questions counts these too
            ours.queries_log.append({"sql": statement, "time": "0"})
        return cursor.fetchall()


def spell_columns(model: type[models.Model], table: str) -> str:
    """Give all columns of a model, of a table under this name, in the order in which `take_row` wants them."""
    return ", ".join(f'{table}."{column}"' for _, column in _fields(model))


def take_row(model: type[M], values: Iterator[Any]) -> M:
    """Make a model's row of the next values, as many as it has columns; the rest stay where they are."""
    names = [name for name, _ in _fields(model)]
    return model.from_db(DEFAULT_DB_ALIAS, names, list(islice(values, len(names))))


@cache
def _fields(model: type[models.Model]) -> list[tuple[str, str]]:
    fields = model._meta.concrete_fields  # noqa: SLF001 -- Django's documented model API
    return [(field.attname, str(field.column)) for field in fields]
