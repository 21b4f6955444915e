"""What each role may do in the API: viewers look, operators switch, managers change what exists, auditors check."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from cities.access import Access
from cities.models import Role
from cities.queries import role_reaches


def access_of(request: Request) -> Access:
    """Give the access that `CityMiddleware` put on the request."""
    access: Access = request._request.access  # type: ignore[attr-defined]  # noqa: SLF001 -- the middleware set it on the wrapped request
    return access


class RoleAllows(BasePermission):
    """Reading needs the view's `role_to_read` (a viewer where it names none), anything else its `role_to_change`.

    The methods in the view's `of_the_whole_city` are not for members who see only some of its cameras.
    """

    message = "Your role in this city does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        access: Access | None = getattr(request._request, "access", None)  # noqa: SLF001 -- as in access_of
        if access is None:
            return False
        if request.method in SAFE_METHODS:
            needed = getattr(view, "role_to_read", Role.VIEWER)
        else:
            needed = getattr(view, "role_to_change", Role.OPERATOR)
        self.message = f"This needs the role {needed.value} in this city, and yours is {access.role}. Ask a manager."
        if not role_reaches(access.role, needed):
            return False
        self.message = "This is for members who see the whole city, and you see some of its cameras. Ask a manager."
        return access.cameras is None or request.method not in getattr(view, "of_the_whole_city", ())
