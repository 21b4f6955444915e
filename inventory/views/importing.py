"""Importing cameras from a table: tried, looked at, confirmed."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from cities.access import Access
from cities.errors import Conflict, InvalidInput
from cities.models import Role
from cities.pages import protect_page
from inventory.imports.services import apply_import, show_import, try_import
from inventory.imports.sheet import MOST_LINES
from inventory.models import ErrandKind
from inventory.views.doors import errand_of, members_page, page_context


@require_http_methods(["GET", "POST"])
@members_page(Role.MANAGER, of_the_whole_city=True)
def try_table(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a table, and say what is wrong with it; a right one leads on to what it would do.

    The table is never shown again: passwords may stand in it.
    """
    context = page_context(request, access) | {"most": MOST_LINES}
    if request.method == "POST":
        try:
            trial = try_import(access, request.POST.get("table", ""), timezone.now())
        except Conflict as refused:
            messages.error(request, gettext(refused.message))
            return redirect("import_cameras")
        if trial.errand:
            return redirect("confirm_import", trial.errand.pk)
        context |= {"mistakes": trial.mistakes}
    status = 422 if context.get("mistakes") else 200
    return protect_page(render(request, "inventory/import.html", context, status=status))


@require_http_methods(["GET", "POST"])
@members_page(Role.MANAGER, of_the_whole_city=True)
def confirm_import(request: HttpRequest, access: Access, errand_id: UUID) -> HttpResponse:
    """Show what an import does, and do it."""
    errand = errand_of(access, errand_id, ErrandKind.IMPORT)
    if request.method == "POST":
        return _apply(request, access, errand_id)
    shown = show_import(errand)
    context = page_context(request, access) | {
        "errand": errand,
        "steps": [step for step in shown.steps if step["kind"] != "same"],
        "same": [step for step in shown.steps if step["kind"] == "same"],
        "counts": shown.counts,
        "is_done": errand.done_at is not None,
    }
    return protect_page(render(request, "inventory/confirm_import.html", context))


def _apply(request: HttpRequest, access: Access, errand_id: UUID) -> HttpResponse:
    try:
        errand = apply_import(access, errand_id, timezone.now())
    except (Conflict, InvalidInput) as refused:
        messages.error(request, gettext(refused.message))
        return redirect("confirm_import", errand_id)
    counts = show_import(errand).counts
    count = counts["new"] + counts["changed"]
    text = ngettext("%(count)d camera was imported.", "%(count)d cameras were imported.", count)
    messages.success(request, text % {"count": count})
    return redirect("cameras")
