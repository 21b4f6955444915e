"""Shared reads about who belongs where."""

from uuid import UUID

from cities.models import City, Membership, Role, User
from cities.scope import city_scope, every_city

RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.MANAGER: 2}


def find_membership(user_id: int, city_id: UUID) -> Membership | None:
    """Give the membership of an active user in a city, with user and city loaded; None for a stranger."""
    with city_scope(city_id):
        memberships = Membership.objects.select_related("user", "city")
        return memberships.filter(user_id=user_id, city_id=city_id, user__is_active=True).first()


def list_cities_of(user: User) -> list[City]:
    """Give the cities a user belongs to, by name; a platform administrator sees all."""
    if user.is_superuser:
        return list(City.objects.all())
    with every_city("a user's memberships are what decides the scope"):
        return [row.city for row in Membership.objects.filter(user=user).select_related("city").order_by("city__name")]


def role_reaches(role: str, needed: Role) -> bool:
    """Say whether a role includes the needed one."""
    return RANK[Role(role)] >= RANK[needed]
