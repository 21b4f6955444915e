"""The administration of holds: made and released by their services, looked at as history, never edited or deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextInputWidget

from cameras.models import Camera
from cities.admin import CityFilter, CityScopedAdmin, Labelled, cities_where, column, may
from cities.errors import VMSError
from cities.models import Role, User
from recording.gaps.spans import Span
from recording.holds.decisions import HoldState, NoFootage, Statement
from recording.holds.queries import in_force, state_holds
from recording.holds.services import hold_footage, release_hold
from recording.holds.words import say_hold, say_moment, say_spans
from recording.models import Hold

_COLOURS = {
    "held": "success",
    "securing": "info",
    "partly": "warning",
    "lost": "danger",
    "expired": "",
    "released": "",
}
_WISHED = ["camera", "starts_at", "ends_at", "reason", "case_number", "until"]
_KNOWN = ["state_shown", "statement_shown", "held_bytes", "until_shown", "created_shown", "released_shown"]


class MomentInput(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # unfold ships no types
    """A field for a date and a time as every browser has it."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"step": 1})


class HoldForm(forms.ModelForm[Hold]):
    """A hold as its service takes it, in the time of the camera's city; what is refused stands at its field."""

    starts_at = forms.DateTimeField(label=_("from"), widget=MomentInput, help_text=_("In the time of the city."))
    ends_at = forms.DateTimeField(
        label=_("to"),
        widget=MomentInput,
        help_text=_("In the time of the city. Up to 24 hours ahead: what comes is held as it comes."),
    )
    until = forms.DateTimeField(
        label=_("until"), widget=MomentInput, required=False, help_text=_("Empty: until somebody releases it.")
    )

    by: User | None = None

    class Meta:
        model = Hold
        fields = ["reason", "case_number"]  # the camera is added for each request: a choice of rows needs a scope

    def full_clean(self) -> None:
        """Read the moments in the time of the camera's city."""
        with timezone.override(self._find_zone()):
            super().full_clean()

    def _find_zone(self) -> ZoneInfo:
        try:
            camera_id = UUID(self.data.get("camera", ""))
        except ValueError:
            return ZoneInfo("UTC")
        found = self.fields["camera"].queryset.filter(pk=camera_id)  # type: ignore[attr-defined]  # a choice of rows has one
        name = found.values_list("city__time_zone", flat=True).first()
        return ZoneInfo(name or "UTC")

    def _post_clean(self) -> None:
        """Hold the footage instead of filling the row by hand; the admin's transaction covers it."""
        if self.errors:
            return
        given = {name: self.cleaned_data[name] for name in _WISHED}
        camera: Camera = given.pop("camera")
        try:
            with transaction.atomic():
                self.instance = hold_footage(camera, **given, by=self.by, now=timezone.now())
        except NoFootage as refused:
            self.add_error("starts_at", _say_nearest(refused.nearest, ZoneInfo(camera.city.time_zone)))
        except VMSError as refused:
            self.add_error(refused.field, gettext(refused.message))

    def save(self, commit: bool = True) -> Hold:  # noqa: ARG002, FBT001, FBT002 -- Django's signature
        """Give the hold, which is saved already."""
        return self.instance

    def save_m2m(self) -> None:
        """A hold has no many-to-many fields."""


class LiveFilter(admin.SimpleListFilter):
    """In force or ended."""

    title = _("in force")
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 -- Django's signature
        return [("1", _("In force")), ("0", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Hold]) -> QuerySet[Hold]:  # noqa: ARG002 -- Django's signature
        if self.value() == "1":
            return queryset.filter(in_force(timezone.now()))
        return queryset.exclude(in_force(timezone.now())) if self.value() == "0" else queryset


class StatedList(ChangeList):  # type: ignore[misc]  # unfold ships no types
    """A page of holds, stated together."""

    def get_results(self, request: HttpRequest) -> None:
        """Give each hold of the page what is kept of it."""
        super().get_results(request)
        holds: list[Any] = list(self.result_list)  # type: ignore[has-type]  # of unfold's list, which has no types
        stated = state_holds(holds, timezone.now())
        for hold in holds:
            hold.statement = stated[hold.pk]
        self.result_list = holds


@admin.register(Hold)
class HoldAdmin(CityScopedAdmin):
    """Holds: operators make them, managers release them; the row stays as history."""

    role_to_change = Role.OPERATOR
    form = HoldForm
    actions = ["release"]
    list_display = [
        "camera",
        "city",
        "state_shown",
        "asked_shown",
        "kept_shown",
        "reason",
        "case_number",
        "until_shown",
    ]
    list_filter = [CityFilter, LiveFilter]
    list_select_related = ["camera", "city", "created_by", "released_by"]
    search_fields = ["camera__name", "case_number", "reason"]
    search_help_text = _("Search by camera, case number or reason")
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        rows: QuerySet[Hold] = super().get_queryset(request)
        return rows.select_related(*self.list_select_related)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:  # noqa: ARG002 -- Django's signature
        return StatedList

    def get_fields(self, request: HttpRequest, obj: Hold | None = None) -> Sequence[str]:  # noqa: ARG002 -- Django's signature
        return ["camera", "city", "reason", "case_number", *_KNOWN] if obj else _WISHED

    def get_readonly_fields(self, request: HttpRequest, obj: Hold | None = None) -> Sequence[str]:
        return self.get_fields(request, obj) if obj else []

    def get_form(self, request: HttpRequest, obj: Hold | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Say by whom the form holds."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None:
            form.by = request.user  # the class is made for this request alone
        return form

    def has_change_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def has_release_permission(self, request: HttpRequest) -> bool:
        """Whether the caller may release holds in any of their cities."""
        return may(request, Role.MANAGER)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer, and accept, the cameras of the caller's cities, removed ones too: their footage is still there."""
        if db_field.name == "camera":
            cameras = Camera.objects.select_related("city").order_by("name", "pk")
            if not request.user.is_superuser:
                cameras = cameras.filter(city__in=cities_where(request, Role.OPERATOR))
            kwargs["queryset"] = cameras
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Hold, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """The form's service has saved it."""

    @admin.action(description=_("Release"), permissions=["release"])
    def release(self, request: HttpRequest, queryset: QuerySet[Hold]) -> None:
        """Release the chosen holds that the caller may release."""
        chosen = list(queryset)
        allowed = [hold for hold in chosen if may(request, Role.MANAGER, hold.city_id)]
        for hold in allowed:
            release_hold(hold, by=_user_of(request), now=timezone.now())
            self.log_change(request, hold, gettext("Released."))
        text = ngettext("%(count)d hold is released.", "%(count)d holds are released.", len(allowed))
        messages.success(request, text % {"count": len(allowed)})
        if refused := len(chosen) - len(allowed):
            text = ngettext(
                "%(count)d hold was left as it is: releasing needs a manager of its city.",
                "%(count)d holds were left as they are: releasing needs a manager of their city.",
                refused,
            )
            messages.warning(request, text % {"count": refused})

    @column(_("state"), label=_COLOURS)
    def state_shown(self, hold: Hold) -> Labelled:
        """What became of it, as a coloured label."""
        state = _statement_of(hold).state
        return Labelled(state.value, str(HoldState(state).label))

    @column(_("asked"), ordering="starts_at")
    def asked_shown(self, hold: Hold) -> str:
        """What was asked, in the city's time."""
        return say_spans([Span(hold.starts_at, hold.ends_at)], _zone_of(hold))

    @column(_("kept"))
    def kept_shown(self, hold: Hold) -> str:
        """What is kept, in the city's time."""
        return say_spans(_statement_of(hold).kept, _zone_of(hold))

    @column(_("what is kept"))
    def statement_shown(self, hold: Hold) -> str:
        """All there is to say of it, in sentences."""
        return say_hold(hold, _statement_of(hold), zone=_zone_of(hold), now=timezone.now())

    @column(_("bytes held"))
    def held_bytes(self, hold: Hold) -> int:
        """The bytes that its files take."""
        return _statement_of(hold).held_bytes

    @column(_("until"), ordering="until")
    def until_shown(self, hold: Hold) -> str:
        """When it ends by itself, in the city's time."""
        return say_moment(hold.until, _zone_of(hold)) if hold.until else gettext("until it is released")

    @column(_("held by"))
    def created_shown(self, hold: Hold) -> str:
        """Who holds it since when."""
        return _say_who(hold.created_by, hold.created_at, _zone_of(hold))

    @column(_("released by"))
    def released_shown(self, hold: Hold) -> str:
        """Who released it when."""
        return _say_who(hold.released_by, hold.released_at, _zone_of(hold)) if hold.released_at else ""


def _statement_of(hold: Hold) -> Statement:
    """Give what the list has stated already, or state this one."""
    if not hasattr(hold, "statement"):
        hold.statement = state_holds([hold], timezone.now())[hold.pk]  # type: ignore[attr-defined]  # kept on the row, as long as it lives
    stated: Statement = hold.statement  # type: ignore[attr-defined]  # as above
    return stated


def _zone_of(hold: Hold) -> ZoneInfo:
    return ZoneInfo(hold.city.time_zone)


def _say_who(who: User | None, moment: datetime, zone: ZoneInfo) -> str:
    return " · ".join([*([str(who)] if who else []), say_moment(moment, zone)])


def _say_nearest(nearest: Span | None, zone: ZoneInfo) -> str:
    if nearest is None:
        return gettext("This camera has no footage.")
    text = gettext("There is no footage of this camera in this time. The nearest is %(time)s.")
    return text % {"time": say_spans([nearest], zone)}


def _user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 -- the admin lets nobody else in
    return request.user
