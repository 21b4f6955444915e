"""The administration of retention: promises are set, deletions and their records are looked at and signed off."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from cameras.models import Camera
from cities.admin import CityFilter, CityScopedAdmin, Labelled, LookOnly, cities_where, column, may, staff_member
from cities.errors import Conflict, VMSError
from cities.models import Role, User
from cities.scope import sees_whole
from recording.models import Deletion, DeletionRecord, DeletionRule, RetentionPolicy
from recording.retention.decisions import PLANS
from recording.retention.documents import write_csv
from recording.retention.policies import Change, drop_policy, set_camera_policy, set_city_policy
from recording.retention.records import list_deletions, sign_off

_RULES = ("days", "max_days", "quota_bytes")
_EARLY = {"early": "danger", "in time": ""}


class RetentionPolicyForm(forms.ModelForm[RetentionPolicy]):
    """A promise as its services take it: a ready choice of days, or a number of one's own."""

    plan = forms.TypedChoiceField(
        label=_("plan"),
        choices=[("", _("another number of days")), *((str(days), str(days)) for days in PLANS)],
        coerce=int,
        empty_value=None,
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text=_("Days promised: a ready choice, or write your own below."),
    )

    class Meta:
        model = RetentionPolicy
        fields = ["city", *_RULES]  # the admin adds the camera, in its caller's scope
        help_texts = {
            "camera": _("Empty: the promise of the whole city, but for the cameras with one of their own."),
            "days": _("Counted from the start of each segment. Nothing is deleted by saving; the ring follows."),
            "max_days": _("Footage is gone after so many days. Empty: it goes when its promised days are over."),
            "quota_bytes": _("Beyond so many bytes the oldest footage goes, also before its days. Empty: no quota."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "days" in self.fields:
            self.fields["days"].required = False
        if self.instance.pk and self.instance.days in PLANS:
            self.initial["plan"] = str(self.instance.days)

    by: User | None = None
    """Who fills it in; the admin says."""

    def clean(self) -> dict[str, Any]:
        """Let the plan say the days where none are written, or where it was chosen anew."""
        cleaned = super().clean() or {}
        plan = cleaned.get("plan")
        if plan and ("plan" in self.changed_data or not cleaned.get("days")):
            cleaned["days"] = plan
        elif cleaned.get("days") is None and "days" not in self.errors:
            self.add_error("days", _("Choose a plan, or write the number of days."))
        camera, city = cleaned.get("camera"), cleaned.get("city")
        if camera and city and camera.city_id != city.pk:
            self.add_error("camera", _("This camera belongs to another city; choose one of this city."))
        if city and not camera and "camera" not in self.errors and not sees_whole(city.pk):
            self.add_error("camera", _("You see only some of this city's cameras; choose one of them."))
        return cleaned

    def _post_clean(self) -> None:
        """Set the promise by the service instead of filling the row by hand; the admin's transaction covers it."""
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self._set()
        except VMSError as refused:
            self.add_error(refused.field if refused.field in self.fields else None, gettext(refused.message))

    def _set(self) -> RetentionPolicy:
        given = {name: self.cleaned_data[name] for name in _RULES}
        is_new = self.instance.pk is None
        change = Change(self.by, timezone.now(), must_be_new=is_new)
        camera = self.cleaned_data.get("camera") if is_new else self.instance.camera
        if camera:
            return set_camera_policy(camera, given, change)
        city = self.cleaned_data["city"] if is_new else self.instance.city
        return set_city_policy(city, given, change)

    def save(self, commit: bool = True) -> RetentionPolicy:  # noqa: ARG002, FBT001, FBT002 -- Django's signature
        """Give the policy, which is saved already."""
        return self.instance

    def save_m2m(self) -> None:
        """A policy has no many-to-many fields."""


@admin.register(RetentionPolicy)
class RetentionPolicyAdmin(CityScopedAdmin):
    """What is promised of footage: members look, managers decide."""

    form = RetentionPolicyForm
    list_display = ["city", "camera", "days", "max_days", "quota_bytes"]
    list_filter = [CityFilter]
    list_select_related = ["city", "camera"]
    fields = ["city", "camera", "plan", "days", "max_days", "quota_bytes"]

    def has_change_permission(self, request: HttpRequest, obj: RetentionPolicy | None = None) -> bool:
        """The promise of a whole city is for who sees the whole."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.camera_id is not None or sees_whole(obj.city_id))

    def has_delete_permission(self, request: HttpRequest, obj: RetentionPolicy | None = None) -> bool:
        """As for changing it."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.camera_id is not None or sees_whole(obj.city_id))

    def get_readonly_fields(self, request: HttpRequest, obj: RetentionPolicy | None = None) -> Sequence[str]:  # noqa: ARG002 -- Django's signature
        return ["city", "camera"] if obj else []

    def get_fields(self, request: HttpRequest, obj: RetentionPolicy | None = None) -> Sequence[str]:
        """Who only looks is shown no choice of plans."""
        names: Sequence[str] = super().get_fields(request, obj)
        return names if self.has_change_permission(request, obj) else [name for name in names if name != "plan"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer, and accept, only cameras of the cities that the caller may change."""
        if db_field.name == "camera":
            cameras = Camera.objects.filter(removed_at=None)
            if not request.user.is_superuser:
                cameras = cameras.filter(city__in=cities_where(request, self.role_to_change))
            kwargs["queryset"] = cameras
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Let the form know who fills it in."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": staff_member(request)})

    def save_model(self, request: HttpRequest, obj: RetentionPolicy, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """The form's services have saved it."""

    def delete_model(self, request: HttpRequest, obj: RetentionPolicy) -> None:
        drop_policy(obj, Change(staff_member(request), timezone.now()))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RetentionPolicy]) -> None:
        for policy in queryset.select_related("camera", "city"):
            if self.has_delete_permission(request, policy):
                self.delete_model(request, policy)


@admin.register(Deletion)
class DeletionAdmin(LookOnly, CityScopedAdmin):
    """What was deleted, by camera, day of the city and rule: history that nobody edits."""

    list_display = ["day", "camera", "city", "rule_shown", "early_shown", "start", "end", "segments", "bytes"]
    list_filter = [CityFilter, "rule", "is_early"]
    list_select_related = ["camera", "city"]
    search_fields = ["camera__name"]
    date_hierarchy = "day"
    ordering = ["-day", "camera"]
    show_full_result_count = False

    @column(_("rule"), ordering="rule")
    def rule_shown(self, deletion: Deletion) -> str:
        """The rule in words."""
        return str(DeletionRule(deletion.rule).label)

    @column(_("promise"), ordering="is_early", label=_EARLY)
    def early_shown(self, deletion: Deletion) -> Labelled:
        """Whether the promised days were over, as a coloured label."""
        return _label_early(is_early=deletion.is_early)


@admin.register(DeletionRecord)
class DeletionRecordAdmin(LookOnly, CityScopedAdmin):
    """The sealed days: looked at, taken away as a table, and signed off by a manager."""

    list_display = ["day", "city", "segments", "bytes", "early_segments", "sealed_at", "signed_off", "table"]
    list_filter = [CityFilter]
    list_select_related = ["city", "signed_off_by"]
    date_hierarchy = "day"
    actions = ["sign_off"]
    show_full_result_count = False

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.give_table)
        return [path("<int:pk>/table/", view, name="recording_deletionrecord_table"), *super().get_urls()]

    def has_sign_off_permission(self, request: HttpRequest) -> bool:
        """Whether the caller may sign off in any of their cities."""
        return may(request, Role.MANAGER)

    def give_table(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give the day's deletions as CSV."""
        record = self.get_object(request, str(pk))
        if record is None or not self.has_view_permission(request, record):
            raise Http404
        headers = {"Content-Disposition": f'attachment; filename="deletions-{record.day}.csv"'}
        text = write_csv(list_deletions(record.city_id, record.day))
        return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)

    @admin.action(description=_("Sign off"), permissions=["sign_off"])
    def sign_off(self, request: HttpRequest, queryset: QuerySet[DeletionRecord]) -> None:
        """Sign off the chosen records of the cities that the caller manages; it cannot be undone."""
        assert isinstance(request.user, User)  # noqa: S101 -- the admin lets nobody else in
        records = [record for record in queryset if may(request, Role.MANAGER, record.city_id)]
        count = 0
        for record in records:
            try:
                sign_off(record, by=request.user, now=timezone.now())
            except Conflict:
                continue
            self.log_change(request, record, gettext("Signed off."))
            count += 1
        text = ngettext("%(count)d record is signed off.", "%(count)d records are signed off.", count)
        messages.success(request, text % {"count": count})
        self._tell_left(request, queryset.count() - count)

    def _tell_left(self, request: HttpRequest, count: int) -> None:
        if count:
            text = ngettext(
                "%(count)d record was left as it is: signed off before, or not yours to sign.",
                "%(count)d records were left as they are: signed off before, or not yours to sign.",
                count,
            )
            messages.warning(request, text % {"count": count})

    @column(_("signed off"), ordering="signed_off_at")
    def signed_off(self, record: DeletionRecord) -> str:
        """Who signed it off, and when; a dash while nobody has."""
        if record.signed_off_at is None:
            return "–"
        moment = record.signed_off_at.astimezone(ZoneInfo(record.city.time_zone))
        return f"{record.signed_off_by or '?'}, {moment:%Y-%m-%d %H:%M}"

    @column(_("table"))
    def table(self, record: DeletionRecord) -> SafeString:
        """Where its table is."""
        address = reverse("admin:recording_deletionrecord_table", args=[record.pk])
        return format_html('<a href="{}">CSV</a>', address)


def _label_early(*, is_early: bool) -> Labelled:
    return Labelled("early", gettext("before its days")) if is_early else Labelled("in time", gettext("kept"))
