"""The active-city scope: which cities a piece of work may see. Outside of it, touching a city's rows raises.

The scope is entered at few doors: `CityMiddleware` for requests, `city_scope` in tasks and commands that work for one
city, and `every_city` in the system's own passes (observer, ingest, sweeps), each saying why; a test counts them.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from django.db import models

from cities.active import (
    EVERY_CITY,
    EveryCity,
    OutsideScope,
    active_cities,
    active_narrowing,
    city_scope,
    every_city,
    narrowed_to,
    sees_whole,
)

__all__ = [
    "EVERY_CITY",
    "CityManager",
    "CityOwned",
    "CityQuerySet",
    "OutsideScope",
    "active_cities",
    "check_in_scope",
    "check_sees_whole",
    "city_scope",
    "every_city",
    "is_in_sight",
    "narrowed_to",
    "scope_values",
    "sees_whole",
    "spell_ids",
]

M = TypeVar("M", bound=models.Model)


def within_scope(rows: models.QuerySet[M], column: str) -> models.QuerySet[M]:
    """Give those of the rows whose column names a city in scope."""
    cities = active_cities()
    return rows if isinstance(cities, EveryCity) else rows.filter(**{f"{column}__in": cities})


class CityQuerySet(models.QuerySet[M]):
    """A query set whose bulk writes are held to the scope too."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        rows = list(objs)
        for row in rows:
            check_in_scope(row.city_id)
        return super().bulk_create(rows, *args, **kwargs)


class CityManager(models.Manager[M]):
    """Reads the rows of the cities in scope; fails closed outside of any."""

    def get_queryset(self) -> CityQuerySet[M]:
        cities = active_cities()
        rows: CityQuerySet[M] = CityQuerySet(self.model, using=self._db)
        within = rows if isinstance(cities, EveryCity) else rows.filter(city_id__in=cities)
        return narrow(within)


def narrow(rows: CityQuerySet[M]) -> CityQuerySet[M]:
    """Give those of the rows that may be seen by who sees only some cameras of a city."""
    narrowing = active_narrowing()
    if not narrowing:
        return rows
    column, seen_without = camera_column_of(rows.model), getattr(rows.model, "seen_without_camera", False)
    if column is None and seen_without:
        return rows
    seen = ~models.Q(city_id__in=list(narrowing))
    if through := getattr(rows.model, "seen_through", ""):
        relation: Any = rows.model._meta.get_field(through)  # noqa: SLF001 -- Django's documented model API
        seen |= models.Q(pk__in=relation.related_model.objects.order_by().values(relation.field.attname))
    if column:
        seen |= models.Q(**{f"{column}__in": list(frozenset[UUID]().union(*narrowing.values()))})
    if column and seen_without:
        seen |= models.Q(**{f"{column}__isnull": True})
    return rows.filter(seen)


@cache
def camera_column_of(model: type[models.Model]) -> str | None:
    """Give what names the camera of the model's rows; None where nothing does."""
    named: str = getattr(model, "camera_column", "")
    has_camera = any(field.name == "camera" for field in model._meta.fields)  # noqa: SLF001 -- Django's documented model API
    return named or ("camera_id" if has_camera else None)


def check_in_scope(city_id: UUID) -> None:
    """Raise OutsideScope unless rows of this city may be touched here."""
    if city_id not in active_cities():
        message = f"city {city_id} is not in scope"
        raise OutsideScope(message)


def scope_values() -> dict[str, Any]:
    """Give the cities in scope as statements take them: `every`, or those in `cities`."""
    cities = active_cities()
    is_every = isinstance(cities, EveryCity)
    return {"every": is_every, "cities": spell_ids(() if isinstance(cities, EveryCity) else cities)}


def spell_ids(ids: Iterable[UUID]) -> str:
    """Give an array of ids as Postgres writes it: to have the driver do so takes longer than all else about a value."""
    return f"{{{','.join(map(str, ids))}}}"


def is_in_sight(city_id: UUID, camera_id: UUID) -> bool:
    """Say whether a city's camera may be seen here. Raises OutsideScope where no door was passed."""
    seen = active_narrowing().get(city_id)
    return city_id in active_cities() and (seen is None or camera_id in seen)


def check_sees_whole(city_id: UUID) -> None:
    """Raise OutsideScope unless all of this city may be seen and changed here."""
    check_in_scope(city_id)
    if not sees_whole(city_id):
        message = f"only some cameras of city {city_id} are in scope"
        raise OutsideScope(message)


class CityOwned(models.Model):
    """A row that belongs to one city, is read in that city's scope only and cannot be saved outside of it.

    Who may see only some cameras sees the rows of those: `camera_column` tells the row's camera, the field `camera`
    where it is "". A row of no camera is not for them, unless `seen_without_camera` says so, or `seen_through` names a
    relation of which they see a row.
    """

    camera_column: ClassVar[str] = ""
    seen_through: ClassVar[str] = ""
    seen_without_camera: ClassVar[bool] = False

    city = models.ForeignKey("cities.City", on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[CityManager[Self]] = CityManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        check_in_scope(self.city_id)
        super().save(*args, **kwargs)
