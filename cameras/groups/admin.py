"""Administration of groups, and of who sees only the cameras of some: for managers who see the whole city."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from cameras.groups.queries import groups_of, list_groups
from cameras.groups.services import change_group, make_group, narrow_member, remove_group
from cameras.models import Camera, CameraGroup
from cities.admin import CityFilter, CityScopedAdmin, MembershipAdmin, cities_to_choose, column, staff_member
from cities.errors import VMSError
from cities.models import Membership, Role, User


def _choice_of(rows: QuerySet[Any], label: Any, help_text: Any) -> "forms.ModelMultipleChoiceField[Any]":
    widget = UnfoldAdminCheckboxSelectMultipleWidget()
    return forms.ModelMultipleChoiceField(rows, label=label, required=False, widget=widget, help_text=help_text)


class GroupForm(forms.ModelForm[CameraGroup]):
    """A group as its services take it: what they refuse stands at the field that is wrong."""

    by: User | None = None

    class Meta:
        model = CameraGroup
        fields = ["name", "city"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cameras = Camera.objects.filter(removed_at=None).order_by("name", "id")
        if self.instance.pk and not self.instance._state.adding:  # noqa: SLF001 -- Django's documented mark of a new row
            cameras = cameras.filter(city=self.instance.city_id)
            self.initial["cameras"] = list(self.instance.cameras.values_list("camera_id", flat=True))
        self.fields["cameras"] = _choice_of(cameras, _("cameras"), _("Members of the group see these and no others."))

    def _post_clean(self) -> None:
        """Make or change the group by its service; the admin's transaction covers it."""
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self._make_or_change()
        except VMSError as refused:
            field = "cameras" if refused.field == "camera_ids" else refused.field
            self.add_error(field if field in self.fields else None, gettext(refused.message))

    def _make_or_change(self) -> CameraGroup:
        chosen = self.cleaned_data["cameras"]
        given = {"name": self.cleaned_data["name"], "camera_ids": [camera.pk for camera in chosen]}
        if self.instance._state.adding:  # noqa: SLF001 -- as above
            return make_group(self.cleaned_data["city"], **given, by=self.by, now=timezone.now())
        return change_group(self.instance, **given, by=self.by, now=timezone.now())

    def save(self, commit: bool = True) -> CameraGroup:  # noqa: ARG002, FBT001, FBT002 -- Django's signature
        """Give the group, which is saved already."""
        return self.instance

    def save_m2m(self) -> None:
        """The service has put the cameras in."""


@admin.register(CameraGroup)
class CameraGroupAdmin(CityScopedAdmin):
    """Groups of cameras: for managers alone, as a group says who sees what."""

    role_to_view = Role.MANAGER
    of_the_whole_city = True
    form = GroupForm
    list_display = ["name", "city", "size"]
    list_filter = [CityFilter]
    list_select_related = ["city"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CameraGroup]:
        rows = list_groups().select_related("city")
        return rows.filter(city__in=cities_to_choose(request, Role.MANAGER, whole=True))

    def get_fieldsets(self, request: HttpRequest, obj: CameraGroup | None = None) -> Any:  # noqa: ARG002 -- Django's signature
        return [(None, {"fields": ["name", "city", "cameras"]})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Let the form know who fills it in; the cameras are its own field, not the model's."""
        kwargs["fields"] = ["name"] if obj else ["name", "city"]
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": staff_member(request)})

    def get_readonly_fields(self, request: HttpRequest, obj: CameraGroup | None = None) -> Sequence[str]:  # noqa: ARG002 -- Django's signature
        return ["city"] if obj else []

    def save_model(self, request: HttpRequest, obj: CameraGroup, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """The form's services have saved it."""

    def has_delete_permission(self, request: HttpRequest, obj: CameraGroup | None = None) -> bool:
        """A group with members stays: they would see the whole city."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not obj.members.exists())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the groups alone, and those that have members as what hinders."""
        groups = list(objs)
        kept = [str(group) for group in groups if not self.has_delete_permission(request, group)]
        return [str(group) for group in groups], {str(self.opts.verbose_name_plural): len(groups)}, set(), kept

    def delete_model(self, request: HttpRequest, obj: CameraGroup) -> None:
        remove_group(obj, by=staff_member(request), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CameraGroup]) -> None:
        for group in queryset:
            remove_group(group, by=staff_member(request), now=timezone.now())

    @column(_("cameras"))
    def size(self, group: Any) -> int:
        """How many cameras are in it."""
        return len(group.camera_ids)


class GroupsOfMember:
    """The field of a member's groups, mixed into the forms of memberships."""

    cleaned_data: dict[str, Any]
    instance: Membership

    def clean(self) -> dict[str, Any]:
        """Refuse groups of another city, and any for an auditor."""
        cleaned: dict[str, Any] = super().clean() or {}  # type: ignore[misc]  # of the form it is mixed into
        groups = cleaned.get("groups") or []
        city_id = cleaned["city"].pk if cleaned.get("city") else self.instance.city_id
        if any(group.city_id != city_id for group in groups):
            self._refuse("groups", _("Choose groups of the member's own city."))
        if cleaned.get("role") == Role.AUDITOR and (groups or ("groups" not in cleaned and self._is_narrowed())):
            self._refuse("role", _("An auditor sees the whole city; choose another role or no groups."))
        return cleaned

    def _is_narrowed(self) -> bool:
        return self.instance.narrowed_to is not None

    def _refuse(self, field: str, message: Any) -> None:
        self.add_error(field, message)  # type: ignore[attr-defined]  # of the form it is mixed into


admin.site.unregister(Membership)


@admin.register(Membership)
class GroupedMembershipAdmin(MembershipAdmin):
    """Who belongs to which city, and to which groups: to none, and the member sees the whole city."""

    list_display = [*MembershipAdmin.list_display, "sees"]

    def get_form(self, request: HttpRequest, obj: Membership | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        kwargs["fields"] = ["role"] if obj else ["username", "city", "role"]
        form = super().get_form(request, obj, change=change, **kwargs)
        fields: dict[str, Any] = {"groups": self._choice(request, obj)} if self._shows_groups(request, obj) else {}
        return type(form.__name__, (GroupsOfMember, form), fields)

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> Sequence[str]:
        names = [*super().get_fields(request, obj)]
        return [*names, "groups"] if self._shows_groups(request, obj) else names

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Save and narrow at once: between the two the member would see the whole city."""
        groups = form.cleaned_data.get("groups")
        with transaction.atomic():
            if change and groups is not None and not groups:
                self._narrow(request, obj, groups)  # first: an auditor may not be narrowed
            if not change or "role" in form.changed_data:
                super().save_model(request, obj, form, change)
            if groups:
                self._narrow(request, obj, groups)

    def _narrow(self, request: HttpRequest, obj: Membership, groups: Any) -> None:
        narrow_member(obj, groups, by=staff_member(request), now=timezone.now())

    def _shows_groups(self, request: HttpRequest, obj: Membership | None) -> bool:
        """Names of groups are the city's own: platform administrators see them in a city that they have opened."""
        if not request.user.is_superuser:
            return True
        opened = request.opened  # type: ignore[attr-defined]  # CityMiddleware adds it to Django's request
        return bool(opened and obj and opened.city.pk == obj.city_id)

    def _choice(self, request: HttpRequest, obj: Membership | None) -> "forms.ModelMultipleChoiceField[Any]":
        groups = CameraGroup.objects.filter(city__in=cities_to_choose(request, Role.MANAGER, whole=True))
        if obj:
            groups = groups.filter(city=obj.city_id)
        field = _choice_of(
            groups.order_by("name"), _("groups of cameras"), _("None: the member sees every camera of the city.")
        )
        field.initial = list(groups_of(obj).values_list("pk", flat=True)) if obj else []
        return field

    @column(_("sees"))
    def sees(self, membership: Membership) -> str:
        """How much of the city the member sees."""
        if membership.narrowed_to is None:
            return gettext("the whole city")
        count = len(membership.narrowed_to)
        return ngettext("%(count)d camera", "%(count)d cameras", count) % {"count": count}
