"""Shared reads about who belongs where."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from cities.active import Narrowing
from cities.models import City, Membership, Role, User
from cities.postgres.prepared import ask, spell_columns, take_row
from cities.scope import city_scope, every_city

INCLUDED = {
    Role.VIEWER: {Role.VIEWER},
    Role.OPERATOR: {Role.VIEWER, Role.OPERATOR},
    Role.MANAGER: {Role.VIEWER, Role.OPERATOR, Role.MANAGER},
    # Who watches the others changes nothing, and nobody else reads what is written about them.
    Role.AUDITOR: {Role.VIEWER, Role.AUDITOR},
}
"""What each role may do what others may."""

# Every request asks this first.
_MEMBERSHIP = f"""
    SELECT {spell_columns(Membership, "member")}, {spell_columns(User, "person")}, {spell_columns(City, "city")}
    FROM cities_membership AS member
    JOIN cities_user AS person ON person.id = member.user_id
    JOIN cities_city AS city ON city.id = member.city_id
    WHERE member.user_id = %(user)s AND member.city_id = %(city)s AND person.is_active
"""  # noqa: S608 -- the columns of our own models


def find_membership(user_id: int, city_id: UUID) -> Membership | None:
    """Give the membership of an active user in a city, with user and city loaded; None for a stranger."""
    with city_scope(city_id):
        rows = ask(_MEMBERSHIP, {"user": user_id, "city": city_id})
    return _load_membership(iter(rows[0])) if rows else None


def _load_membership(row: Iterator[Any]) -> Membership:
    membership = take_row(Membership, row)
    membership.user, membership.city = take_row(User, row), take_row(City, row)
    return membership


def list_cities_of(user: User) -> list[City]:
    """Give the cities a user belongs to, by name: those they are a member of, whatever else they are."""
    with every_city("a user's memberships are what decides the scope"):
        return [row.city for row in Membership.objects.filter(user=user).select_related("city").order_by("city__name")]


def list_city_ids_of(user: User) -> list[UUID]:
    """Give the cities in which the user has a place of their own."""
    with every_city("a user's memberships are what decides the scope"):
        return list(Membership.objects.filter(user=user).order_by("city_id").values_list("city_id", flat=True))


def find_narrowing_of(user: User) -> Narrowing:
    """Give the cities of which the user may see only some cameras, and which."""
    with every_city("a user's memberships are what decides the scope"):
        narrowed = Membership.objects.filter(user=user, narrowed_to__isnull=False)
        return {
            city_id: frozenset(cameras or ()) for city_id, cameras in narrowed.values_list("city_id", "narrowed_to")
        }


def role_reaches(role: str, needed: Role) -> bool:
    """Say whether a role includes the needed one."""
    return needed in INCLUDED[Role(role)]
