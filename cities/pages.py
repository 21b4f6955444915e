"""What all pages have in common: who is at the door, the frame around them, their policy, what their forms say."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from cities.access import Access, list_cities_at_hand
from cities.models import City, Role, User
from cities.opening import Opened


def access_at(request: HttpRequest) -> Access | None:
    """Give who asks for which city; None for who is not signed in, or has no city at hand."""
    access: Access | None = request.access  # type: ignore[attr-defined]  # CityMiddleware adds it to Django's request
    return access


def user_at(request: HttpRequest) -> User:
    """Give who is signed in; for pages that let nobody else in."""
    assert isinstance(request.user, User)  # noqa: S101 -- login_required saw to it
    return request.user


def cities_at_hand(request: HttpRequest) -> list[City]:
    """Give the cities among which a signed-in person chooses whose pages to see."""
    opened: Opened | None = request.opened  # type: ignore[attr-defined]  # CityMiddleware adds it to Django's request
    return list_cities_at_hand(user_at(request), opened)


def frame_of(request: HttpRequest) -> dict[str, Any]:
    """Give what the frame around every page shows: the city, one's role in it, and the cities to choose from."""
    access = access_at(request)
    return {
        "city": access.city if access else None,
        "role": Role(access.role).label if access else "",
        "cities": cities_at_hand(request),
    }


def read_switch(request: HttpRequest) -> bool:
    """Give what a form's `on` says, 1 or 0; BadRequest for anything else."""
    wanted = request.POST.get("on")
    if wanted not in {"0", "1"}:
        message = "on must be 0 or 1"
        raise BadRequest(message)
    return wanted == "1"


def query_without_page(request: HttpRequest) -> str:
    """Give the address's query for the links to other pages of the same list."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


def return_to_page(request: HttpRequest) -> HttpResponseRedirect:
    """Go back to the address the form named in `next` if it is ours, else to the first page."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if ours else "/")


def protect_page(
    response: HttpResponse, *, media_urls: Iterable[str] = (), script_urls: Iterable[str] = ()
) -> HttpResponse:
    """Let the page run our own files and these scripts only, and fetch pictures from these media servers."""
    media = " ".join(sorted({_origin_of(url) for url in media_urls}))
    scripts = " ".join(sorted({_origin_of(url) for url in script_urls if urlsplit(url).netloc}))
    policy = {
        "default-src": "'self'",
        "script-src": f"'self' {scripts}",
        "connect-src": f"'self' {media}",
        "media-src": f"'self' blob: {media}",
        "img-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    response["Content-Security-Policy"] = "; ".join(f"{name} {sources.strip()}" for name, sources in policy.items())
    response["Cache-Control"] = "private, no-cache"
    return response


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
