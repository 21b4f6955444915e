"""A connection of psycopg that tells Postgres the active scope before a statement, where it may not know it yet.

All cursors of a connection come by here, Django's, psycopg's own, those on the server and COPY: each has the connection
begin its transaction first. Were that ever to change, Postgres would be told nothing and show nothing.
"""

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from cities.active import spell_narrowing, spell_scope


class ScopedConnection(psycopg.Connection[TupleRow]):
    """Keeps `vms.cities` and `vms.narrowed`, by which the tables' policies show their rows, equal to the active scope.

    What is told outside of a transaction lasts as long as the connection, and is not told twice. What is told within
    one Postgres takes back with it, or with a savepoint: from there on it is told before every statement, until the
    transaction has ended, however that was.
    """

    _told: tuple[str, str] | None = None
    _is_passing = False
    _was_narrowed = False

    def _start_query(self) -> PQGen[None]:
        # Nearly always it is told: no step more than asking whether.
        is_told = not self._is_passing and self._told == (spell_scope(), spell_narrowing())
        return super()._start_query() if is_told else self._tell_and_start()

    def _tell_and_start(self) -> PQGen[None]:
        yield from self._tell_scope()
        yield from super()._start_query()

    def _tell_scope(self) -> PQGen[None]:
        status = self.pgconn.transaction_status
        if status == TransactionStatus.INERROR:
            return  # nothing but a rollback is heard now
        is_idle = status == TransactionStatus.IDLE
        if is_idle and self._is_passing:
            self._told, self._is_passing = None, False
        scope = spell_scope(), spell_narrowing()
        self._told = None  # should we be cut short
        # Nothing but ids, commas and the star: no need to quote.
        yield from self._exec_command(f"SET vms.cities = '{scope[0]}'".encode())
        # Hardly anybody is: it costs nothing where nobody was, on this connection.
        if scope[1] or self._was_narrowed:
            self._was_narrowed = True
            yield from self._exec_command(f"SET vms.narrowed = '{scope[1]}'".encode())
        # In a pipeline statements share one fate, as in a transaction.
        self._told, self._is_passing = scope, not is_idle or self._pipeline is not None
