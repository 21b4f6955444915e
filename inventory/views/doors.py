"""What all pages of the list share: who is at the door, and what every page shows."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from cities.access import Access
from cities.errors import NotThere
from cities.models import Role
from cities.pages import access_at, frame_of
from cities.queries import role_reaches
from inventory.errands import find_errand
from inventory.models import Errand, ErrandKind

Page = Callable[..., HttpResponseBase]


def members_page(needed: Role = Role.VIEWER, *, of_the_whole_city: bool = False) -> Callable[[Page], Page]:
    """Let in members of the city whose role includes the needed one, and hand their access in after the request.

    `of_the_whole_city`: none who see only some of its cameras.
    """

    def decorate(page: Page) -> Page:
        @wraps(page)
        @login_required
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            access = access_at(request)
            if access is None:
                return redirect("/")
            if not role_reaches(access.role, needed) or (of_the_whole_city and access.cameras is not None):
                raise PermissionDenied
            try:
                return page(request, access, *args, **kwargs)
            except NotThere as error:
                raise Http404 from error

        return guarded

    return decorate


def page_context(request: HttpRequest, access: Access) -> dict[str, Any]:
    """Give what the frame of every page shows, and what the caller may do on it."""
    return frame_of(request) | {
        "may_switch": role_reaches(access.role, Role.OPERATOR),
        "may_manage": role_reaches(access.role, Role.MANAGER),
        "may_add": role_reaches(access.role, Role.MANAGER) and access.cameras is None,
    }


def errand_of(access: Access, errand_id: UUID, kind: ErrandKind) -> Errand:
    """Give the caller's own errand of this kind; NotThere otherwise."""
    return find_errand(access, errand_id, kind, timezone.now())


def read_id(text: str) -> UUID | None:
    """Give the id, None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
