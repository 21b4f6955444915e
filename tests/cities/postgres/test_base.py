"""A connection that the server closed is noticed before a request asks anything, and without a word to the server."""

import select
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DataError, connection, transaction

from cities.postgres.prepared import ask

pytestmark = pytest.mark.django_db(transaction=True)


def begin_request() -> None:
    django: Any = connection  # the stubs leave out what a request does when it begins
    django.health_check_enabled, django.health_check_done = True, False


def end_connection() -> int:
    """Have the server end our connection; give which one it was."""
    connection.ensure_connection()
    pid: int = connection.connection.info.backend_pid
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    return pid


def test_a_connection_that_was_lost_since_the_last_request_is_made_anew() -> None:
    ended = end_connection()
    assert connection.is_usable() is False
    begin_request()
    [(now,)] = ask("SELECT pg_backend_pid()", {})
    assert now != ended


def test_django_s_own_questions_come_over_the_new_one_too() -> None:
    end_connection()
    begin_request()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 7")
        assert cursor.fetchone() == (7,)


def test_a_connection_that_stands_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the server was asked")

    monkeypatch.setattr(connection.connection, "cursor", refuse)
    assert connection.is_usable() is True


def test_where_something_waits_to_be_read_the_server_is_asked() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LISTEN word")
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}, autocommit=True) as other:
        other.execute("NOTIFY word")
    assert select.select([connection.connection.fileno()], [], [], 10)[0] != []
    assert connection.is_usable() is True


def test_within_a_transaction_that_failed_it_is_of_no_use() -> None:
    usable = []

    def fail() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            try:
                cursor.execute("SELECT 1 / 0")
            finally:
                usable.append(connection.is_usable())

    with pytest.raises(DataError):
        fail()
    assert usable == [False]
