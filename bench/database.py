"""A database for benchmarks: empty at the start, gone at the end."""

from collections.abc import Generator
from contextlib import contextmanager

from django.db import connection


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
