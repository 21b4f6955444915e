"""Which cities are in scope here and now; it knows no models, so that the database's backend can ask it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from uuid import UUID


class OutsideScope(RuntimeError):
    """A city's rows were touched outside of any city's scope, or outside of this one's: a programming error."""


class EveryCity:
    """All of them, and those to come."""

    def __contains__(self, city_id: object) -> bool:
        return True


EVERY_CITY: Final = EveryCity()
_active: ContextVar[frozenset[UUID] | EveryCity | None] = ContextVar("active_cities", default=None)

Narrowing = Mapping[UUID, frozenset[UUID]]
"""The cities of which only some cameras may be seen, and which; of the others all may."""

WHOLE: Final[Narrowing] = MappingProxyType({})
_narrowing: ContextVar[Narrowing] = ContextVar("narrowing", default=WHOLE)


@contextmanager
def city_scope(*city_ids: UUID) -> Iterator[None]:
    """Let the block see the rows of these cities and no others."""
    token = _active.set(frozenset(city_ids))
    try:
        yield
    finally:
        _active.reset(token)


@contextmanager
def every_city(reason: str) -> Iterator[None]:
    """Let the block see all cities' rows, whole; `reason` says to the reader why it must."""
    assert reason, "working across cities needs its reason"  # noqa: S101 -- a guard for programmers, not for input
    token, narrowing = _active.set(EVERY_CITY), _narrowing.set(WHOLE)
    try:
        yield
    finally:
        _narrowing.reset(narrowing)
        _active.reset(token)


@contextmanager
def narrowed_to(narrowing: Narrowing) -> Iterator[None]:
    """Let the block see of these cities only these cameras, and what is theirs, whichever scope it enters."""
    token = _narrowing.set(narrowing)
    try:
        yield
    finally:
        _narrowing.reset(token)


def active_narrowing() -> Narrowing:
    """Give what is seen of the cities that are not seen whole."""
    return _narrowing.get()


def sees_whole(city_id: UUID) -> bool:
    """Say whether all of a city's cameras may be seen here."""
    return city_id not in _narrowing.get()


def shows_whole(city_id: UUID | None) -> bool:
    """Say whether all rows of a city (None: of no city) are seen here; none are where no door was passed."""
    cities = _active.get()
    return cities is not None and city_id in cities and city_id not in _narrowing.get()


def active_cities() -> frozenset[UUID] | EveryCity:
    """Give the cities in scope; OutsideScope where no door was passed."""
    cities = _active.get()
    if cities is None:
        message = "no city is in scope: enter by CityMiddleware, city_scope() or every_city()"
        raise OutsideScope(message)
    return cities


def spell_scope() -> str:
    """Give the scope as the policies of the tables read it: ids with commas between, `*` for all, "" for none."""
    cities = _active.get()
    if cities is None:
        return ""
    return "*" if isinstance(cities, EveryCity) else _spell(cities)


@lru_cache(maxsize=1024)
def _spell(cities: frozenset[UUID]) -> str:
    return ",".join(str(UUID(str(city_id))) for city_id in cities)


def spell_narrowing() -> str:
    """Give the narrowing as the tables' policies read it: cities, a bar, cameras, with commas between; "" for none."""
    narrowing = _narrowing.get()
    if not narrowing:
        return ""
    return f"{_spell(frozenset(narrowing))}|{_spell(frozenset().union(*narrowing.values()))}"
