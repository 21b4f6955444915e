"""What the door of the media servers asks the database: a few rows by their keys, whoever's city it is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from cameras.models import Camera
from cities.models import Membership, User
from cities.opening import has_opened

_WATCH = """
    SELECT camera.city_id, member.id IS NOT NULL,
           member.id IS NOT NULL AND (member.narrowed_to IS NULL OR %s = ANY (member.narrowed_to))
    FROM cameras_camera AS camera
    LEFT JOIN (
        cities_membership AS member JOIN cities_user AS person ON person.id = member.user_id AND person.is_active
    ) ON member.city_id = camera.city_id AND member.user_id = %s
    WHERE camera.id = %s AND camera.removed_at IS NULL
"""


def find_publish_number(camera_id: UUID) -> int | None:
    """Give which of its passwords a camera has; None for one that is not there. Wants every city in scope."""
    numbers = Camera.objects.filter(pk=camera_id, removed_at=None).values_list("publish_number", flat=True)
    return numbers.first()


@dataclass(frozen=True)
class Right:
    """A right to watch in a city: its `cameras` alone, all of them where it is None."""

    cameras: frozenset[UUID] | None = None

    def covers(self, camera_id: UUID) -> bool:
        """Whether this camera of the city may be watched."""
        return self.cameras is None or camera_id in self.cameras


def may_watch(user_id: int, camera_id: UUID, now: datetime) -> bool:
    """Say whether the camera is there and the person may watch it now. Wants every city in scope.

    One light query for a member, which is nearly everybody; reading person and city as well would take 1 ms more.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WATCH, [camera_id, user_id, camera_id])
        found: tuple[UUID, bool, bool] | None = cursor.fetchone()
    if found is None:
        return False
    city_id, is_member, may = found
    return may if is_member else _has_opened(user_id, city_id, now)


def find_right(user_id: int, city_id: UUID, now: datetime) -> Right | None:
    """Give what an active person may watch in a city now: as a member, or as who opened it by break-glass; else None.

    Wants every city in scope.
    """
    members = Membership.objects.filter(user_id=user_id, city_id=city_id, user__is_active=True)
    for narrowed_to in members.values_list("narrowed_to", flat=True):
        return Right(None if narrowed_to is None else frozenset(narrowed_to))
    return Right() if _has_opened(user_id, city_id, now) else None


def _has_opened(user_id: int, city_id: UUID, now: datetime) -> bool:
    user = User.objects.filter(pk=user_id, is_active=True, is_superuser=True).first()
    return user is not None and has_opened(user, city_id, now)
