"""Outside of a city's scope nothing of any city can be touched; inside, nothing of another."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey

from cameras.models import Camera
from cities.scope import CityOwned, OutsideScope, city_scope, every_city
from tests.world import World

CITY_OWNED = [model for model in apps.get_models() if issubclass(model, CityOwned)]

READS = {
    "all": lambda rows: list(rows.all()),
    "filter": lambda rows: list(rows.filter(pk=None)),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "update": lambda rows: rows.update(),
    "first": lambda rows: rows.first(),
    "explain": lambda rows: rows.explain(),
    "delete": lambda rows: rows.all().delete(),
    "in_bulk": lambda rows: rows.in_bulk(),
    "raw values": lambda rows: list(rows.values_list("pk")),
    "aggregate": lambda rows: rows.aggregate(),
    "create": lambda rows: rows.create(),
}


@pytest.mark.parametrize("model", CITY_OWNED, ids=lambda model: model.__name__)
@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_every_access_outside_a_scope_raises(model, read, db) -> None:
    with pytest.raises(OutsideScope):
        read(model.objects)


def test_inside_a_city_only_its_rows_are_seen(world: World) -> None:
    with city_scope(world.city.pk):
        assert list(Camera.objects.all()) == [world.camera]
        assert Camera.objects.filter(pk=world.foreign_camera.pk).exists() is False
        assert Camera.objects.filter(pk=world.foreign_camera.pk).update(name="stolen") == 0


def test_a_row_of_another_city_cannot_be_saved(world: World) -> None:
    with city_scope(world.city.pk), pytest.raises(OutsideScope):
        world.foreign_camera.save()
    with city_scope(world.city.pk), pytest.raises(OutsideScope):
        Camera.objects.bulk_create([Camera(city=world.other_city, media_server=world.server, name="Smuggled")])


def test_scopes_nest_and_end(world: World) -> None:
    with every_city("this test counts all rows"):
        assert Camera.objects.count() == 2
        with city_scope(world.other_city.pk):
            assert list(Camera.objects.all()) == [world.foreign_camera]
        assert Camera.objects.count() == 2
    with pytest.raises(OutsideScope):
        Camera.objects.count()


def test_every_reference_between_city_owned_rows_is_a_composite_foreign_key(db) -> None:
    """Django knows no such keys, so the migrations add them by hand: this finds the one that was forgotten."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND array_length(conkey, 1) = 2")
        held = {name for (name,) in cursor.fetchall()}
    wanted = {
        f"{model._meta.db_table}_{field.column}_same_city"
        for model in CITY_OWNED
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey)
        and getattr(field, "db_constraint", True)
        and issubclass(field.related_model, CityOwned)
    }
    assert held == wanted
