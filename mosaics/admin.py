"""The administration of mosaics: their names and layouts; cameras are put into tiles on the wall itself."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cities.admin import CityFilter, CityScopedAdmin, column
from cities.models import Role
from mosaics.models import Mosaic
from mosaics.queries import list_mosaics


class MosaicForm(forms.ModelForm[Mosaic]):
    """A mosaic's name and layout."""

    class Meta:
        model = Mosaic
        fields = ["name", "rows", "columns", "rotation_seconds"]

    def clean_name(self) -> str:
        """Refuse a name that the city has already: it is not in the form, so Django does not look."""
        name = str(self.cleaned_data["name"]).strip()
        others = Mosaic.objects.filter(city=self.instance.city_id, name__iexact=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("This city already has a mosaic of this name; choose another."))
        return name


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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mosaic]:  # noqa: ARG002 -- Django's signature
        return list_mosaics().select_related(*self.list_select_related)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def save_model(self, request: HttpRequest, obj: Mosaic, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Count the change, so that a wall that is open elsewhere does not overwrite it."""
        obj.revision, obj.updated_at = F("revision") + 1, timezone.now()
        super().save_model(request, obj, form, change)

    @column(_("cameras"), ordering="camera_count")
    def cameras_shown(self, mosaic: Any) -> int:
        """How many cameras are on it."""
        return int(mosaic.camera_count)

    @column(_("on the wall"))
    def opened(self, mosaic: Mosaic) -> str:
        """A link that opens it."""
        return format_html('<a href="/?mosaic={}">{}</a>', mosaic.pk, gettext("Open"))
