"""Rows asked for by prepared statements are what Django's own questions give, and no more."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from cameras.models import Camera, MediaServer
from cameras.queries import cameras_in_scope, find_camera
from cities.errors import NotThere
from cities.models import City, Membership, User
from cities.postgres.prepared import ask, spell_columns, take_row
from cities.queries import find_membership
from cities.scope import OutsideScope, city_scope, every_city, narrowed_to
from tests.world import World

pytestmark = pytest.mark.django_db


def values_of(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("model", [Camera, MediaServer, Membership, User, City])
def test_a_row_is_what_django_reads(world: World, model: Any) -> None:
    table = model._meta.db_table
    with every_city("a test compares all rows"):
        rows = ask(f"SELECT {spell_columns(model, table)} FROM {table} ORDER BY id", {})  # noqa: S608 -- a table of ours
        found, expected = [take_row(model, iter(row)) for row in rows], list(model.objects.order_by("pk"))
    assert [values_of(row) for row in found] == [values_of(row) for row in expected]
    assert expected != []
    assert [row._state.adding for row in found] == [False] * len(found)


@pytest.mark.django_db(transaction=True)
def test_a_question_is_asked_again_after_an_error_and_on_another_connection() -> None:
    statement = "SELECT 12 / %(by)s::int8"
    assert ask(statement, {"by": 4}) == [(3,)]
    with pytest.raises(DataError):
        ask(statement, {"by": 0})
    assert ask(statement, {"by": 2}) == [(6,)]
    connection.close()
    assert ask(statement, {"by": 6}) == [(2,)]


def test_what_django_counts_counts_it(world: World) -> None:
    with CaptureQueriesContext(connection) as seen, city_scope(world.city.pk):
        find_camera(world.camera.pk)
    assert [query["sql"].split()[0] for query in seen.captured_queries] == ["SELECT"]


def test_a_membership_comes_with_its_user_and_city(world: World, django_assert_num_queries: Any) -> None:
    member = world.operator
    with django_assert_num_queries(1):
        membership = find_membership(member.pk, world.city.pk)
        assert membership is not None
        assert (membership.user, membership.city) == (member, world.city)
    assert find_membership(member.pk, world.other_city.pk) is None
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert find_membership(member.pk, world.city.pk) is None


def test_a_camera_is_found_in_its_citys_scope_alone(world: World) -> None:
    with city_scope(world.city.pk):
        found = find_camera(world.camera.pk)
        assert values_of(found) == values_of(cameras_in_scope().get(pk=found.pk))
        assert found.media_server == world.server
        for unseen in (world.foreign_camera.pk, uuid4()):
            with pytest.raises(NotThere):
                find_camera(unseen)
    with pytest.raises(OutsideScope):
        find_camera(world.camera.pk)


def test_a_camera_out_of_ones_groups_is_not_found(world: World) -> None:
    with city_scope(world.city.pk), narrowed_to({world.city.pk: frozenset()}), pytest.raises(NotThere):
        find_camera(world.camera.pk)
    with city_scope(world.city.pk), narrowed_to({world.city.pk: frozenset({world.camera.pk})}):
        assert find_camera(world.camera.pk) == world.camera
