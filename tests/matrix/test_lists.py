"""Lists hold the own rows, at a cost that does not grow with them."""

from typing import Any

import pytest

from cameras.models import Camera
from cities.scope import every_city
from recording.models import Gap
from streams.services import wish_stream
from tests.matrix.full_world import FullWorld, add_group, add_hold, add_mosaic, make_alarm
from tests.matrix.operations import LISTS, LISTS_OF_CAMERAS, QUERIES, Operation, call
from tests.world import NOW, ApiClient

AUDIT = "/api/v1/audit"
"""It has as many entries as there were deeds."""


@pytest.mark.parametrize("operation", LISTS, ids=str)
def test_lists_hold_the_own_rows_only(full: FullWorld, operation: Operation) -> None:
    ours = call(ApiClient(full.who_may(operation), full.city), operation, {}).json()["results"]
    theirs = call(ApiClient(full.stranger_who_may(operation), full.other_city), operation, {}).json()["results"]
    assert len(ours) == len(theirs) == (len(ours) if operation.route == AUDIT else 1) > 0
    assert [row for row in ours if row in theirs] == []


@pytest.mark.parametrize("operation", LISTS, ids=str)
def test_a_list_asks_as_much_for_three_rows_as_for_one(
    full: FullWorld, operation: Operation, django_assert_num_queries: Any
) -> None:
    client = ApiClient(full.who_may(operation), full.city)
    count = QUERIES.get(operation.route, 2)
    call(client, operation, {})  # whose live pictures are given away is written down once
    with django_assert_num_queries(count):
        call(client, operation, {})
    with every_city("a test's world spans the cities"):
        for number in range(2):
            camera = Camera.objects.create(city=full.city, media_server=full.server, name=f"More {number}")
            wish_stream(camera, now=NOW)
            make_alarm(camera)
            add_hold(camera)
            add_mosaic(camera)
            add_group(camera)
            Gap.objects.create(camera=camera, city=full.city, start=NOW, cause="unknown")
    call(client, operation, {})
    with django_assert_num_queries(count):
        answer = call(client, operation, {})
    if operation.route != AUDIT:
        assert len(answer.json()["results"]) == (3 if operation.route in LISTS_OF_CAMERAS else 1)
