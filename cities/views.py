"""Choosing the city whose pages one sees; what every page sends along."""

from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from cities.access import SESSION_CITY, list_cities_at_hand
from cities.errors import InvalidInput
from cities.models import City, User
from cities.opening import Opened, close_city, open_city
from cities.queries import list_cities_of


@require_POST
@login_required
def choose_city(request: HttpRequest) -> HttpResponse:
    """Look at another of one's own cities from now on; any other city does not exist for the caller."""
    wanted = _parse_uuid(request.POST.get("city", ""))
    if wanted not in {city.pk for city in cities_at_hand(request)}:
        raise Http404
    request.session[SESSION_CITY] = str(wanted)
    return redirect("/")


def cities_at_hand(request: HttpRequest) -> list[City]:
    """Give the cities among which a signed-in person chooses whose pages to see."""
    opened: Opened | None = request.opened  # type: ignore[attr-defined]  # CityMiddleware adds it to Django's request
    return list_cities_at_hand(_user_of(request), opened)


@require_http_methods(["GET", "POST"])
@login_required
def break_glass(request: HttpRequest) -> HttpResponse:
    """Ask a platform administrator which city to open and why, and open it."""
    user, error = _administrator(request), ""
    choices = City.objects.exclude(pk__in=[city.pk for city in list_cities_of(user)])
    reason = request.POST.get("reason", "")
    if request.method == "POST":
        city = _pick(choices, request)
        try:
            open_city(request, user, city, reason=reason, now=timezone.now())
        except InvalidInput as refused:
            error = gettext(refused.message)
        else:
            request.session[SESSION_CITY] = str(city.pk)
            return redirect("/")
    context = {"choices": choices, "chosen": request.POST.get("city"), "reason": reason, "error": error}
    return protect_page(render(request, "cities/break_glass.html", context))


@require_POST
@login_required
def end_break_glass(request: HttpRequest) -> HttpResponse:
    """Close the city that the caller has open, before its time."""
    close_city(request, _administrator(request), now=timezone.now())
    request.session.pop(SESSION_CITY, None)
    return redirect("break-glass")


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


def _administrator(request: HttpRequest) -> User:
    user = _user_of(request)
    if not user.is_superuser:
        raise PermissionDenied
    return user


def _user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 -- login_required saw to it
    return request.user


def _pick(choices: QuerySet[City], request: HttpRequest) -> City:
    wanted = _parse_uuid(request.POST.get("city", ""))
    city = choices.filter(pk=wanted).first() if wanted else None
    if city is None:
        raise Http404
    return city


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
