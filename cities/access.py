"""Who is calling, for which city: decided once per request, from headers, a token or a browser's session.

Three ways in. *Token*: `Authorization: Bearer`, and X-User-ID must agree with it. *Gateway*: no Authorization header,
and the peer is one of the trusted proxies, whose X-User-ID is believed, or a program of this machine where none is
named. *Browser*: our own pages and the browsable API, which send none of these headers; there the signed-in user and
the city chosen in the session count.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from cities.active import WHOLE, Narrowing
from cities.addresses import is_trusted_proxy
from cities.models import City, Membership, Role, User
from cities.opening import Opened, find_opened
from cities.queries import find_membership, list_cities_of

SESSION_CITY = "city_id"
_MAX_USER_ID = 2**63 - 1
_HEADERS_OF_PROGRAMS = ("X-City-ID", "X-User-ID", "Authorization")
_HEADERS_OF_PROXIES = ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded")


@dataclass(frozen=True)
class Access:
    """A member of a city at its door; `cameras`: the only ones they may see, None for all."""

    user: User
    city: City
    role: str
    cameras: frozenset[UUID] | None = None

    @property
    def narrowing(self) -> Narrowing:
        """What the member sees of the city, where that is not the whole."""
        return WHOLE if self.cameras is None else {self.city.pk: self.cameras}

    @classmethod
    def of(cls, membership: Membership) -> "Access":
        """Give the access that a place in a city is."""
        return cls(membership.user, membership.city, membership.role, cameras_of(membership))


def cameras_of(membership: Membership) -> frozenset[UUID] | None:
    """Give the only cameras a member may see, None for all."""
    return None if membership.narrowed_to is None else frozenset(membership.narrowed_to)


class Refused(Exception):
    """The door stays shut: `status` is 400, 401 or 403; `field` names the header at fault."""

    def __init__(self, status: int, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field


def find_access(request: HttpRequest) -> Access:
    """Give who calls the API for which city; Refused otherwise."""
    if is_browsing(request):
        return _access_from_session(request)
    city_id = _read_city_id(request)
    user_id = _read_user_id(request)
    _check_caller_is(request, user_id)
    return _member(user_id, city_id)


def is_browsing(request: HttpRequest) -> bool:
    """Say whether this is a signed-in browser, which sends a session and none of a program's headers.

    What it changes must pass Django's CSRF check (`CityAuthentication`), and no other origin may read an answer.
    """
    return not any(name in request.headers for name in _HEADERS_OF_PROGRAMS) and request.user.is_authenticated


def access_of_user(user: User, city_id: UUID, opened: Opened | None = None) -> Access | None:
    """Give a signed-in person's access to a city: by membership, or as the administrator who opened it; else None."""
    membership = find_membership(user.pk, city_id)
    if membership:
        return Access.of(membership)
    return Access(user, opened.city, Role.MANAGER) if opened and opened.city.pk == city_id else None


def list_cities_at_hand(user: User, opened: Opened | None) -> list[City]:
    """Give the cities a signed-in person may look at: their own by name, then the one they opened."""
    own = list_cities_of(user)
    return own if opened is None or opened.city in own else [*own, opened.city]


def _access_from_session(request: HttpRequest) -> Access:
    chosen = request.session.get(SESSION_CITY)
    assert isinstance(request.user, User)  # noqa: S101 -- is_browsing() saw that somebody is signed in
    opened = find_opened(request, request.user, timezone.now())
    access = access_of_user(request.user, UUID(chosen), opened) if chosen else None
    if access is None:
        raise Refused(403, "Choose one of your cities on the first page before you ask the API.")
    return access


def _read_city_id(request: HttpRequest) -> UUID:
    value = _read_header(request, "X-City-ID", "the id of the city")
    try:
        city_id = UUID(value)
    except ValueError as error:
        raise Refused(400, "X-City-ID is malformed; send the city's id, a UUID.", "X-City-ID") from error
    # UUID() also takes braces, "urn:uuid:", misplaced dashes and digits of other scripts.
    if str(city_id) != value.lower():
        raise Refused(400, "X-City-ID is malformed; send the city's id, a UUID.", "X-City-ID")
    return city_id


def _read_user_id(request: HttpRequest) -> int:
    value = _read_header(request, "X-User-ID", "your user id")
    is_number = value.isascii() and value.isdecimal() and len(value) <= 19
    if not (is_number and 0 < int(value) <= _MAX_USER_ID):
        raise Refused(400, "X-User-ID is malformed; send your user id, a whole number.", "X-User-ID")
    return int(value)


def _read_header(request: HttpRequest, name: str, meaning: str) -> str:
    value = request.headers.get(name)
    if not value:
        raise Refused(400, f"The header {name} is missing; send {meaning} in it.", name)
    return value


def _check_caller_is(request: HttpRequest, user_id: int) -> None:
    if "Authorization" in request.headers:
        if _user_of_token(request).pk != user_id:
            raise Refused(403, "X-User-ID is not the user of this token.", "X-User-ID")
    elif not _is_vouched_for(request):
        raise Refused(401, "Sign in with a token: send the header Authorization: Bearer <token>.")


def _is_vouched_for(request: HttpRequest) -> bool:
    """Gateways that are named in the settings are believed; where none is, the programs of this machine are.

    Not whom a proxy on this machine passes on: it was put there to speak TLS, and knows of no user's id.
    """
    if not is_trusted_proxy(request.META.get("REMOTE_ADDR", "")):
        return False
    return settings.VMS_GATEWAYS_ARE_NAMED or not any(name in request.headers for name in _HEADERS_OF_PROXIES)


def _user_of_token(request: HttpRequest) -> User:
    header = request.headers["Authorization"]
    if not (header.isascii() and header.isprintable()):
        # knox decodes the token and looks its beginning up in Postgres; neither takes such bytes.
        raise Refused(401, "The header Authorization must read: Bearer <token>.")
    try:
        found = TokenAuthentication().authenticate(request)
    except AuthenticationFailed as error:
        raise Refused(401, "The token is unknown, expired or revoked; make a new one.") from error
    if found is None:
        raise Refused(401, "The header Authorization must read: Bearer <token>.")
    user: User = found[0]
    return user


def _member(user_id: int, city_id: UUID) -> Access:
    membership: Membership | None = find_membership(user_id, city_id)
    if membership is None:
        raise Refused(403, "This user is no member of this city.")
    return Access.of(membership)
