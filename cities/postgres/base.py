"""The database backend (`ENGINE = "cities.postgres"`): Django's own, on connections that know the active scope."""

import select
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from psycopg.pq import TransactionStatus

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

    def is_usable(self) -> bool:
        """Say whether the connection still stands, as Django asks before each request's first question.

        A server that went away has closed it, and the end waits to be read: to see that nothing waits costs no answer
        of the server's, which would take longer than many a question. Where something waits, the server is asked.
        """
        return self.connection is not None and (_is_silent(self.connection) or bool(super().is_usable()))


def _is_silent(connection: Any) -> bool:
    """Between transactions alone: one that failed waits for nothing and is of no use."""
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        return False
    watched = select.poll()
    watched.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return not watched.poll(0)
