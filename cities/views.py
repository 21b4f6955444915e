"""Choosing the city whose pages one sees, and opening one by break-glass."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from cities.access import SESSION_CITY
from cities.errors import InvalidInput
from cities.models import City, User
from cities.opening import close_city, open_city
from cities.pages import cities_at_hand, protect_page, user_at
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


def _administrator(request: HttpRequest) -> User:
    user = user_at(request)
    if not user.is_superuser:
        raise PermissionDenied
    return user


def _pick(choices: QuerySet[City], request: HttpRequest) -> City:
    wanted = _parse_uuid(request.POST.get("city", ""))
    city = choices.filter(pk=wanted).first() if wanted else None
    if city is None:
        raise Http404
    return city


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
