"""Administration of cities and people, and what every room's administration stands on: who may do what in which city.

Unfold rather than Django's stock admin: the same ModelAdmin beneath, with tables that fold on a phone and a grouped
sidebar on top.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from cities.accounts import end_old_password, remove_account, tell_revoked
from cities.audit.services import Deed, Subject, note_deed
from cities.models import AuditAction, City, Membership, Role, User
from cities.queries import role_reaches
from cities.scope import active_cities, every_city, sees_whole, within_scope

F = TypeVar("F", bound=Callable[..., Any])


class Labelled(NamedTuple):
    """What a column with coloured labels gives: `key` chooses the colour, a form shows the `words` alone."""

    key: str
    words: str

    def __str__(self) -> str:
        return self.words


def cities_where(request: HttpRequest, needed: Role, *, whole: bool = False) -> list[UUID]:
    """Give the caller's cities in which their role includes the needed one; asks the database once a request.

    `whole`: only those of which they see all cameras.
    """
    roles: dict[UUID, str] | None = getattr(request, "_roles_by_city", None)
    if roles is None:
        roles = dict(Membership.objects.filter(user=staff_member(request)).values_list("city_id", "role"))
        request._roles_by_city = roles  # type: ignore[attr-defined]  # noqa: SLF001 -- kept on the request, as long as it lives
    found = [city_id for city_id, role in roles.items() if role_reaches(role, needed)]
    return [city_id for city_id in found if sees_whole(city_id)] if whole else found


def may(request: HttpRequest, needed: Role, city_id: UUID | None = None, *, whole: bool = False) -> bool:
    """Say whether the caller's role suffices in this city, or in any of theirs where none is named.

    `whole`: the caller must see all of its cameras too.
    """
    user = request.user
    if not (user.is_active and user.is_staff) or (whole and city_id and not sees_whole(city_id)):
        return False
    if user.is_superuser:
        return city_id is None or city_id in active_cities()
    cities = cities_where(request, needed, whole=whole)
    return bool(cities) if city_id is None else city_id in cities


def cities_to_choose(request: HttpRequest, needed: Role, *, whole: bool = False) -> QuerySet[City]:
    """Give the cities in scope in which the caller's role suffices; `whole`: of which they see all cameras."""
    if not request.user.is_superuser:
        return City.objects.filter(pk__in=cities_where(request, needed, whole=whole))
    return within_scope(City.objects.all(), "pk")


def column(
    description: Any, *, ordering: str = "", label: dict[str, str] | None = None, boolean: bool | None = None
) -> Callable[[F], F]:
    """Make a method a column or a read-only field; `label` gives the colour of each key of a `Labelled`."""
    decorate: Callable[[F], F] = display(
        description=description, ordering=ordering or None, label=label, boolean=boolean
    )
    return decorate


class CityScopedAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Administration of a city's rows: members look, managers change; the middleware's scope says which there are."""

    role_to_view = Role.VIEWER
    role_to_change = Role.MANAGER
    of_the_whole_city = False
    """Whether nothing of it is for members who see only some of the city's cameras."""
    exists_for_the_whole_city = False
    """Whether such members may change what is there, and neither add nor delete."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.role_to_view, whole=self.of_the_whole_city)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.role_to_view, obj.city_id if obj else None, whole=self.of_the_whole_city)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, self.role_to_change, whole=self._existence_is_for_the_whole_city())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.role_to_change, obj.city_id if obj else None, whole=self.of_the_whole_city)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        whole = self._existence_is_for_the_whole_city()
        return may(request, self.role_to_change, obj.city_id if obj else None, whole=whole)

    def _existence_is_for_the_whole_city(self) -> bool:
        return self.of_the_whole_city or self.exists_for_the_whole_city

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer, and accept, only the cities that the caller may change."""
        if db_field.name == "city":
            whole = self._existence_is_for_the_whole_city()
            kwargs["queryset"] = cities_to_choose(request, self.role_to_change, whole=whole)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return _without_side_doors(field)


class PlatformAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Administration of what spans the cities: for superusers only, whatever permissions somebody was given.

    What they do is noted: each change and removal, as `noted_as`, in the platform's own chain of the audit log.
    """

    noted_as = AuditAction.PLATFORM_CHANGED

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        super().save_model(request, obj, form, change)
        changed = sorted({*form.changed_data} - {"password1", "password2"})
        self.note(request, obj, {"is_new": not change, "changed": changed})

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.note(request, obj, {"removed": True})
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def note(self, request: HttpRequest, obj: Any, facts: dict[str, Any], *, city_id: UUID | None = None) -> None:
        """Write down what is done to a row, in the platform's chain where no city is named."""
        deed = Deed(self.noted_as, staff_member(request), timezone.now(), self.subject_of(obj), facts=facts)
        note_deed(city_id, deed)

    def subject_of(self, obj: Any) -> Subject:
        """Give the row as the audit log names it."""
        return Subject(self.opts.model_name, str(obj.pk), str(obj)[:255])

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_platform_administrator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        return _is_platform_administrator(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_platform_administrator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        return _is_platform_administrator(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        return _is_platform_administrator(request)

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """Count what hangs on the rows instead of naming it: the names may be a city's, and open only with a reason."""
        rows = list(objs)
        with every_city("what hangs on a row of the platform is counted, in whichever city it lies"):
            _names, counts, missing, hindering = super().get_deleted_objects(rows, request)
        text = ngettext(
            "%(count)d row of a city or of the log", "%(count)d rows of cities or of the log", len(hindering)
        )
        return [str(row) for row in rows], counts, missing, [text % {"count": len(hindering)}] if hindering else []


class LookOnly:
    """Mixed in before an admin: its rows are looked at, never made or changed by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        return False


class CityFilter(admin.SimpleListFilter):
    """Offers the caller's own cities; Django's filter for foreign keys would offer everybody's."""

    title = _("city")
    parameter_name = "city"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 -- Django's signature
        return [(str(city.pk), city.name) for city in cities_to_choose(request, Role.VIEWER)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 -- Django's signature
        known = {key for key, _name in self.lookup_choices}
        return queryset.filter(city_id=self.value()) if self.value() in known else queryset


@admin.register(City)
class CityAdmin(PlatformAdmin):
    """Cities: made by platform administrators, looked at by their own members."""

    noted_as = AuditAction.CITY_CHANGED
    list_display = ["name", "time_zone", "created_at"]
    search_fields = ["name"]

    def note(self, request: HttpRequest, obj: City, facts: dict[str, Any], *, city_id: UUID | None = None) -> None:
        """A change stands in the city's own chain; its end in the platform's, as none of its own would let it go."""
        super().note(request, obj, facts, city_id=city_id if facts.get("removed") else obj.pk)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, Role.VIEWER)

    def has_view_permission(self, request: HttpRequest, obj: City | None = None) -> bool:
        return _is_platform_administrator(request) or may(request, Role.VIEWER, obj.pk if obj else None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[City]:
        rows: QuerySet[City] = super().get_queryset(request)
        return rows if _is_platform_administrator(request) else rows.filter(pk__in=cities_where(request, Role.VIEWER))


admin.site.unregister(Group)  # groups decide nothing here: roles stand in memberships


@admin.register(User)
class UserAdmin(DjangoUserAdmin, PlatformAdmin):  # type: ignore[misc, type-arg]  # generic in the stubs only, and narrower
    """Accounts: for platform administrators; a city's managers give existing accounts a place in their city."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("What the account may do"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    noted_as = AuditAction.ACCOUNT_CHANGED

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002 -- Django's signature
        """Note a password that was given to somebody, which ends the old one: whoever gave it can sign in as they."""
        before = self.get_object(request, unquote(id))
        answer = super().user_change_password(request, id, form_url)
        after = self.get_object(request, unquote(id))
        if before and after and before.password != after.password:
            self._end_old_password(request, after)
        return answer

    def _end_old_password(self, request: HttpRequest, user: User) -> None:
        facts = end_old_password(user)
        self.note(request, user, {"is_new": False} | facts)
        if told := tell_revoked(facts["revoked_tokens"]):
            self.message_user(request, told, messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        remove_account(obj, by=staff_member(request), now=timezone.now())


class MembershipForm(forms.ModelForm[Membership]):
    """A place in a city for somebody named by their user name: a list to choose from would show others' people."""

    username = forms.CharField(
        label=_("user name"),
        max_length=150,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("The exact user name of an existing account."),
    )

    by: User | None = None

    class Meta:
        model = Membership
        fields = ["city", "role"]

    def clean(self) -> dict[str, Any]:
        """Find the account; refuse one that does not exist and one that is a member already."""
        cleaned = super().clean() or {}
        if "username" not in self.fields or "username" not in cleaned:
            return cleaned
        user = User.objects.filter(username=cleaned["username"], is_active=True).first()
        if user is not None and user == self.by:
            self.add_error("username", _("Nobody gives themselves a place in a city; another manager does."))
        elif user is None:
            self.add_error("username", _("There is no such account; a platform administrator can make it."))
        elif cleaned.get("city") and Membership.objects.filter(user=user, city=cleaned["city"]).exists():
            self.add_error("username", _("This account is a member already; change its role instead."))
        else:
            self.instance.user = user
        return cleaned


@admin.register(Membership)
class MembershipAdmin(CityScopedAdmin):
    """Who belongs to which city: a manager sees and changes those of their own cities."""

    role_to_view = Role.MANAGER
    of_the_whole_city = True
    form = MembershipForm
    list_display = ["user", "city", "role"]
    list_filter = [CityFilter, "role"]
    search_fields = ["user__username"]
    list_select_related = ["user", "city"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        rows: QuerySet[Membership] = super().get_queryset(request)
        if _is_platform_administrator(request):
            return rows
        return rows.filter(city__in=cities_where(request, Role.MANAGER, whole=True))

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 -- Django's signature
        # Only the role: a change of groups may have narrowed the member meanwhile.
        obj.save(update_fields=["role"] if change else None)
        self._note(request, AuditAction.MEMBER_CHANGED if change else AuditAction.MEMBER_ADDED, obj)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        self._note(request, AuditAction.MEMBER_REMOVED, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset.select_related("user"):
            self.delete_model(request, membership)

    def _note(self, request: HttpRequest, action: AuditAction, membership: Membership) -> None:
        subject = Subject("user", str(membership.user_id), membership.user.get_username())
        deed = Deed(action, staff_member(request), timezone.now(), subject, facts={"role": membership.role})
        note_deed(membership.city_id, deed)

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> Sequence[str]:  # noqa: ARG002 -- Django's signature
        return ["user", "city", "role"] if obj else ["username", "city", "role"]

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> Sequence[str]:  # noqa: ARG002 -- Django's signature
        return ["user", "city"] if obj else []

    def get_form(self, request: HttpRequest, obj: Membership | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        if obj:
            kwargs["form"] = forms.ModelForm
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None:
            form.by = staff_member(request)  # the class is made for this request alone
        return form


def _without_side_doors(field: Any) -> Any:
    """Take the small add, change and view buttons off a choice: they would lead to forms the caller may not have."""
    for name in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
        if hasattr(field.widget, name):
            setattr(field.widget, name, False)
    return field


def staff_member(request: HttpRequest) -> User:
    """Give who asks the administration."""
    assert isinstance(request.user, User)  # noqa: S101 -- asked for signed-in staff only
    return request.user


def _is_platform_administrator(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff and request.user.is_superuser)
