"""Tells the API framework whom `CityMiddleware` let in."""

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from cities.access import is_browsing

if TYPE_CHECKING:
    from cities.models import User


class CityAuthentication(BaseAuthentication):
    """Believes the middleware; a browser's session also has to pass Django's CSRF check."""

    def authenticate(self, request: Request) -> "tuple[User, None] | None":
        access = getattr(request._request, "access", None)  # noqa: SLF001 -- DRF's wrapper offers no public way to the request it wraps
        if access is None:
            return None
        if is_browsing(request._request):  # noqa: SLF001 -- as above
            SessionAuthentication().enforce_csrf(request)
        return access.user, None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 -- DRF's signature
        return "Bearer"
