"""The administration of mosaics: their names and layouts; cameras are put into tiles on the wall itself."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cities.admin import CityFilter, CityScopedAdmin, cities_to_choose, column, staff_member
from cities.errors import VMSError
from cities.models import Role, User
from mosaics.arrangements import Change
from mosaics.models import Mosaic
from mosaics.queries import list_mosaics
from mosaics.services import change_mosaic, remove_mosaic

CHANGED = ("name", "rows", "columns", "rotation_seconds")


class MosaicForm(forms.ModelForm[Mosaic]):
    """A mosaic's name and layout, changed by its service: what that refuses stands at the field that is wrong."""

    by: User | None = None
    # Of the mosaic as it was shown: who changed it meanwhile is not overwritten.
    revision_seen = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Mosaic
        fields = [*CHANGED]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["revision_seen"] = self.instance.revision

    def _post_clean(self) -> None:
        """Change the mosaic by its service; the admin's transaction covers it."""
        super()._post_clean()  # type: ignore[misc]  # Django's own step, of which the stubs know nothing
        if self.errors:
            return
        change = Change(**{name: self.cleaned_data[name] for name in CHANGED})
        seen = self.cleaned_data["revision_seen"]
        try:
            with transaction.atomic():
                self.instance = change_mosaic(self.instance.pk, change, revision=seen, by=self.by, now=timezone.now())
        except VMSError as refused:
            self.add_error(refused.field if refused.field in self.fields else None, gettext(refused.message))

    def save(self, commit: bool = True) -> Mosaic:  # noqa: ARG002, FBT001, FBT002 -- Django's signature
        """Give the mosaic, which is saved already."""
        return self.instance

    def save_m2m(self) -> None:
        """There is nothing else to save."""


@admin.register(Mosaic)
class MosaicAdmin(CityScopedAdmin):
    """Mosaics: every member opens them; operators rename and remove them here, and arrange them on the wall."""

    role_to_change = Role.OPERATOR
    of_the_whole_city = True
    form = MosaicForm
    fields = ["name", "city", "rows", "columns", "rotation_seconds", "cameras_shown", "opened", "created_by"]
    readonly_fields = ["city", "cameras_shown", "opened", "created_by"]
    list_display = ["name", "city", "rows", "columns", "rotation_seconds", "cameras_shown", "updated_at", "opened"]
    list_filter = [CityFilter]
    list_select_related = ["city", "created_by"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mosaic]:
        rows = list_mosaics().select_related(*self.list_select_related)
        return rows.filter(city__in=cities_to_choose(request, self.role_to_view, whole=True))

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def get_fields(self, request: HttpRequest, obj: Mosaic | None = None) -> Sequence[str]:
        """Who changes it sends along what was shown."""
        return [*self.fields, "revision_seen"] if self.has_change_permission(request, obj) else self.fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Let the form know who fills it in."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": staff_member(request)})

    def save_model(self, request: HttpRequest, obj: Mosaic, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """The form's service has saved it."""

    def delete_model(self, request: HttpRequest, obj: Mosaic) -> None:
        remove_mosaic(obj.pk, by=staff_member(request), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Mosaic]) -> None:
        for mosaic in queryset:
            self.delete_model(request, mosaic)

    @column(_("cameras"), ordering="camera_count")
    def cameras_shown(self, mosaic: Any) -> int:
        """How many cameras are on it."""
        return int(mosaic.camera_count)

    @column(_("on the wall"))
    def opened(self, mosaic: Mosaic) -> str:
        """A link that opens it."""
        return format_html('<a href="/?mosaic={}">{}</a>', mosaic.pk, gettext("Open"))
