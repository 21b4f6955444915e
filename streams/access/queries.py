"""What the door of the media servers asks the database: a few rows by their keys, whoever's city it is."""

from uuid import UUID

from cameras.models import Camera
from cities.access import access_of_user
from cities.models import Membership, User


def find_publish_number(camera_id: UUID) -> int | None:
    """Give which of its passwords a camera has; None for one that is not there. Wants every city in scope."""
    numbers = Camera.objects.filter(pk=camera_id, removed_at=None).values_list("publish_number", flat=True)
    return numbers.first()


def find_city_of(camera_id: UUID) -> UUID | None:
    """Give the city of a camera; None for one that is not there. Wants every city in scope."""
    return Camera.objects.filter(pk=camera_id, removed_at=None).values_list("city_id", flat=True).first()


def may_watch(user_id: int, city_id: UUID) -> bool:
    """Say whether the person is active and has access to this city now, by the same rule as at its pages.

    One light query for a member, which is nearly everybody; reading person and city as well would take 1 ms more. Wants
    every city in scope.
    """
    if Membership.objects.filter(user_id=user_id, city_id=city_id, user__is_active=True).exists():
        return True
    user = User.objects.filter(pk=user_id, is_active=True, is_superuser=True).first()
    return user is not None and access_of_user(user, city_id) is not None
