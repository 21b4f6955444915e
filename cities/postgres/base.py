"""The database backend (`ENGINE = "cities.postgres"`): Django's own, on connections that know the active scope."""

from types import SimpleNamespace, TracebackType
from typing import Any, Self

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.schema import DatabaseSchemaEditor

from cities.active import every_city
from cities.postgres.scoped import ScopedConnection


class SchemaEditor(DatabaseSchemaEditor):
    """Runs a migration in the scope of all cities: it changes the tables themselves, and must see their rows."""

    def __enter__(self) -> Self:
        self._scope = every_city("a migration changes everybody's tables")
        self._scope.__enter__()
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self._scope.__exit__(None, None, None)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to Postgres; whatever asks through it sees the rows of the active scope only."""

    Database: Any = SimpleNamespace(**{**vars(psycopg), "connect": ScopedConnection.connect})
    SchemaEditorClass = SchemaEditor
