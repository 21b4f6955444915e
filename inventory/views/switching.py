"""Switching the recording of several cameras, and taking it back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cameras.models import Camera
from cities.access import Access
from cities.errors import Conflict
from cities.models import Role
from cities.pages import protect_page, read_switch, return_to_page
from inventory.models import ErrandKind
from inventory.queries import Wanted, find_cameras, read_wanted
from inventory.switching import MOST_AT_ONCE, SWITCHED, UNDONE, Outcome, read_outcomes, switch_several, undo_switch
from inventory.views.doors import errand_of, members_page, page_context, read_id


@require_POST
@members_page(Role.OPERATOR)
def switch_chosen(request: HttpRequest, access: Access) -> HttpResponse:
    """Switch the recording of the cameras that were chosen, or of all that fit `fitting`, to what `on` says."""
    on, cameras = read_switch(request), _read_chosen(request.POST)
    if not cameras:
        messages.error(request, _("No camera was chosen: tick some, or all that fit."))
        return return_to_page(request)
    try:
        errand = switch_several(cameras, on=on, access=access, now=timezone.now())
    except Conflict as refused:
        messages.error(request, gettext(refused.message))
        return return_to_page(request)
    return redirect("switched_cameras", errand.pk)


@require_safe
@members_page(Role.OPERATOR)
def show_switched(request: HttpRequest, access: Access, errand_id: UUID) -> HttpResponse:
    """Show what became of each camera, and the way back."""
    errand = errand_of(access, errand_id, ErrandKind.SWITCH)
    on, outcomes = read_outcomes(errand)
    wanted = UNDONE if errand.done_at else SWITCHED
    context = page_context(request, access) | {
        "errand": errand,
        "on": on,
        "is_undone": errand.done_at is not None,
        "count": sum(each.became == wanted for each in outcomes),
        "outcomes": [(each, _say(each)) for each in outcomes],
    }
    return protect_page(render(request, "inventory/switched.html", context))


@require_POST
@members_page(Role.OPERATOR)
def undo_switched(request: HttpRequest, access: Access, errand_id: UUID) -> HttpResponse:
    """Take a bulk switch back, where nobody changed anything since."""
    try:
        undo_switch(access, errand_id, timezone.now())
    except Conflict as refused:
        messages.error(request, gettext(refused.message))
    return redirect("switched_cameras", errand_id)


def _read_chosen(form: QueryDict) -> list[Camera]:
    """Give the cameras in scope that the form names; ids of other cities or of nothing are left out without a word."""
    if form.get("all") == "1":
        return list(find_cameras(read_wanted(QueryDict(form.get("fitting", ""))))[: MOST_AT_ONCE + 1])
    ids = [found for text in form.getlist("camera") if (found := read_id(text))]
    return list(find_cameras(Wanted()).filter(pk__in=ids)[: MOST_AT_ONCE + 1])


def _say(outcome: Outcome) -> str:
    words = {
        "switched": _("Switched"),
        "already": _("It was so already"),
        "gone": _("The camera was removed"),
        "undone": _("Taken back"),
        "changed": _("Left as it is: somebody changed it since"),
    }
    return words.get(outcome.became) or gettext(outcome.why)
