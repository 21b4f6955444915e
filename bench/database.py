"""Databases for benchmarks: empty at the start or a copy, gone at the end."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import connection, connections

from cities.postgres import prepared


@contextmanager
def use_test_database() -> Generator[str, None, None]:
    """Have Django work on the database that its test runs would make; give the server's version.

    Whatever else is on that server is not touched. Wants `provide_server`.
    """
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            yield str(cursor.fetchone()[0])
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


@contextmanager
def clone_database(name: str, wrapper: type[Any] | None = None) -> Generator[Any, None, None]:
    """Make a copy of the database as it is and give Django's connection to it, of another kind if wanted."""
    creation, original = connection.creation, connections["default"]
    original.close()
    creation.clone_test_db(suffix=name, verbosity=0)
    kind = wrapper or type(original)
    clone = kind({**original.settings_dict, **creation.get_test_db_clone_settings(name)}, "default")
    try:
        yield clone
    finally:
        ask_by(original)
        clone.close()
        creation.destroy_test_db(suffix=name, verbosity=0)


def ask_by(wrapper: Any) -> None:
    """Have everything ask by this connection from now on, prepared questions too."""
    connections["default"] = wrapper
    prepared._ASKING = _asking_by(wrapper)  # noqa: SLF001 -- nobody but a benchmark has two databases


@cache
def _asking_by(wrapper: Any) -> Any:
    """Each has its own cursors, as it has where it is the only one."""
    del wrapper  # it is the default by now
    return type(prepared._ASKING)()  # noqa: SLF001 -- as above
