"""Pages go on answering while as many listen as may, and no stream keeps a connection to the database."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse

import pytest
from django.db import connection
from django.test import Client

from cities.models import Membership, Role, User
from cities.scope import every_city
from observers.status.stream import MOST_OF_ONE_PERSON, MOST_STREAMS
from tests.gunicorn import WebServer, run_gunicorn
from tests.real import wait_until
from tests.world import World


def cookie_of(user: User) -> str:
    browser = Client()
    browser.force_login(user)
    return f"sessionid={browser.cookies['sessionid'].value}"


@contextmanager
def ask(server: WebServer, path: str, cookie: str) -> Iterator[HTTPResponse]:
    line = HTTPConnection("127.0.0.1", server.port, timeout=20)
    line.request("GET", path, headers={"Cookie": cookie})
    try:
        yield line.getresponse()
    finally:
        line.close()


def count_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


@pytest.mark.integration
@pytest.mark.timeout(120)
def test_while_all_places_are_taken_every_other_page_answers(transactional_db: None, world: World) -> None:
    people = [User.objects.create_user(f"guard {number}") for number in range(MOST_STREAMS // MOST_OF_ONE_PERSON)]
    with every_city("a test's world spans the cities"):
        for person in people:
            Membership.objects.create(user=person, city=world.city, role=Role.VIEWER)
    cookies = [cookie_of(person) for person in people] * MOST_OF_ONE_PERSON
    late = cookie_of(world.viewer)
    with run_gunicorn() as server, ExitStack() as open_streams:
        streams = [open_streams.enter_context(ask(server, "/status/events", cookie)) for cookie in cookies]
        assert [(each.status, each.readline()) for each in streams] == [(200, b"retry: 2000\n")] * MOST_STREAMS
        with ask(server, "/status/events", late) as refused:
            assert (refused.status, refused.getheader("Retry-After")) == (503, "60")
        for path in ("/status/facts", "/cameras", "/", "/health/ready"):
            began = time.monotonic()
            with ask(server, path, late) as answer:
                assert (path, answer.status) == (path, 200)
            assert time.monotonic() - began < 5
        wait_until(lambda: count_connections() < MOST_STREAMS // 2, "the streams let go of the database", seconds=20)
