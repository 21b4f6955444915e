"""Cities, people, and who belongs where with which role."""

import uuid
import zoneinfo

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from cities.scope import CityOwned


def check_time_zone(name: str) -> None:
    """Refuse what is not an IANA time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("%(name)s is no time zone; write one like America/Sao_Paulo."), params={"name": name})


class User(AbstractUser):  # type: ignore[django-manager-missing]  # that of the tokens: their package ships no types
    """A person or a machine that signs in; what they may do stands in their memberships."""

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment]  # the stubs of AbstractUser.Meta say str
        verbose_name_plural = _("users")  # type: ignore[assignment]  # as above


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # the package ships no types
    """A program's way in, in a person's name; only a hash is kept. `name` says what it is for."""

    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        constraints = [models.CheckConstraint(condition=~models.Q(name=""), name="token_has_a_name")]

    def __str__(self) -> str:
        return self.name


class City(models.Model):
    """A tenant: its cameras, people and footage are nobody else's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120, unique=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="America/Sao_Paulo", validators=[check_time_zone]
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("city")
        verbose_name_plural = _("cities")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do; each role includes the one before it."""

    VIEWER = "viewer", _("viewer")
    OPERATOR = "operator", _("operator")
    MANAGER = "manager", _("manager")


class Membership(CityOwned):
    """A user's place in a city."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("city"))
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.VIEWER)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "city"], name="one_membership_per_user_and_city"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.city} · {self.get_role_display()}"
