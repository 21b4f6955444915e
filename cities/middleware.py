"""The door of every request: who calls, for which city; inside it the city's scope is active."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cities.access import SESSION_CITY, Access, Refused, access_of_user, find_access, list_cities_at_hand
from cities.active import Narrowing
from cities.addresses import find_client_address
from cities.audit.origin import ordered_from
from cities.models import User
from cities.opening import Opened, find_opened
from cities.problems import DATABASE_AWAY, DATABASE_IS_AWAY, problem_response
from cities.queries import find_narrowing_of
from cities.scope import city_scope, every_city, narrowed_to

log = logging.getLogger(__name__)

API_PREFIX = "/api/v1/"
ADMIN_PREFIX = "/admin/"
MEMBERSHIPS_PREFIX = "/admin/cities/membership/"
OPEN_PREFIXES = ("/health", "/hooks/", "/media/", "/footage/", "/docs", "/api/schema")
"""Paths that touch no city's rows; they must answer without asking the session, and thereby the database, who calls."""

LONGEST_BODY = 2**18
"""Bytes; the API's largest body is a camera, under 3 KB."""


class CityMiddleware:
    """Enters the scope: one city for the API and the pages, all of one's own for the admin, none for anybody else.

    Sets `request.access` (an `Access`) for the API and for the pages of a signed-in member with a city; None otherwise.
    Sets `request.opened` (an `Opened`) for the pages of a platform administrator who has a city open; None otherwise.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with ordered_from(find_client_address(request)):
            return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        request.access = request.opened = None  # type: ignore[attr-defined]  # our additions to Django's request
        if request.path_info.startswith(API_PREFIX):
            response = self._answer_api(request)
            # One address answers differently for each caller: nobody in between may keep an answer.
            response.headers.setdefault("Cache-Control", "no-store")
            return response
        with self._scope_of_page(request), self._time_of_page(request):
            return self.get_response(request)

    def _answer_api(self, request: HttpRequest) -> HttpResponse:
        _straighten(request)
        try:
            access = find_access(request)
        except Refused as refused:
            return problem_response(refused.status, refused.detail, field=refused.field)
        except DATABASE_IS_AWAY as error:
            log.warning("nobody can be let in, the database gives no answer: %s", error)
            return problem_response(503, DATABASE_AWAY)
        if _body_length(request) > LONGEST_BODY:
            return problem_response(413, f"The body is longer than {LONGEST_BODY} bytes; send less.")
        request.access = access  # type: ignore[attr-defined]  # our additions to Django's request
        with _scope_of(access):
            return self.get_response(request)

    def _time_of_page(self, request: HttpRequest) -> AbstractContextManager[None]:
        """Show times as they are in the city; where staff see cities of several zones, in UTC."""
        if request.access is not None:  # type: ignore[attr-defined]  # our additions to Django's request
            return _in_zone(request.access.city.time_zone)  # type: ignore[attr-defined]  # as above
        if not request.path_info.startswith(ADMIN_PREFIX) or not isinstance(request.user, User):
            return nullcontext()
        zones = {city.time_zone for city in list_cities_at_hand(request.user, request.opened)}  # type: ignore[attr-defined]  # as above
        return _in_zone(zones.pop()) if len(zones) == 1 else nullcontext()

    def _scope_of_page(self, request: HttpRequest) -> AbstractContextManager[None]:
        if request.path_info.startswith(OPEN_PREFIXES):
            return nullcontext()
        user = request.user
        if not isinstance(user, User):
            return nullcontext()
        opened = find_opened(request, user, timezone.now())
        request.opened = opened  # type: ignore[attr-defined]  # our additions to Django's request
        if request.path_info.startswith(ADMIN_PREFIX):
            return _scope_of_staff(request, user, opened)
        access = find_page_access(request, user, opened)
        request.access = access  # type: ignore[attr-defined]  # our additions to Django's request
        return _scope_of(access) if access else nullcontext()


def find_page_access(request: HttpRequest, user: User, opened: Opened | None) -> Access | None:
    """Give the access to the city chosen in the session, else to the first at hand; None without any."""
    chosen = request.session.get(SESSION_CITY)
    access = access_of_user(user, UUID(chosen), opened) if chosen else None
    if access is None:
        at_hand = list_cities_at_hand(user, opened)
        access = access_of_user(user, at_hand[0].pk, opened) if at_hand else None
        if access:
            request.session[SESSION_CITY] = str(access.city.pk)
    return access


@contextmanager
def _scope_of(access: Access) -> Iterator[None]:
    with city_scope(access.city.pk), narrowed_to(access.narrowing):
        yield


@contextmanager
def _in_zone(name: str) -> Iterator[None]:
    with timezone.override(ZoneInfo(name)):
        yield


def _scope_of_staff(request: HttpRequest, user: User, opened: Opened | None) -> AbstractContextManager[None]:
    if user.is_superuser and request.path_info.startswith(MEMBERSHIPS_PREFIX):
        return every_city("platform administrators give people their places; no camera shows on these pages")
    return _scope_of_cities([city.pk for city in list_cities_at_hand(user, opened)], find_narrowing_of(user))


@contextmanager
def _scope_of_cities(city_ids: list[UUID], narrowing: Narrowing) -> Iterator[None]:
    with city_scope(*city_ids), narrowed_to(narrowing):
        yield


def _straighten(request: HttpRequest) -> None:
    """Forgive a trailing slash, and read the address as UTF-8 whatever charset the Content-Type claims for it."""
    if request.path_info.endswith("/"):
        request.path_info = request.path_info[:-1]
        request.path = request.path[:-1]
    if request.encoding is not None:  # None is UTF-8 already, and to say so has the query read twice
        request.encoding = "utf-8"


def _body_length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdecimal() else 0
