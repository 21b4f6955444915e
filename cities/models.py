"""Cities, people, and who belongs where with which role."""

import uuid
import zoneinfo
from ipaddress import ip_network

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from cities.scope import CityOwned


def check_time_zone(name: str) -> None:
    """Refuse what is not an IANA time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("%(name)s is no time zone; write one like America/Sao_Paulo."), params={"name": name})


def check_network(text: str) -> None:
    """Refuse what is no network in CIDR form."""
    try:
        ip_network(text)
    except ValueError as error:
        message = _("%(network)s is no network; write networks like 10.20.0.0/16 or fd12::/32, without bits beyond it.")
        raise ValidationError(message, params={"network": text}) from error


class User(AbstractUser):  # type: ignore[django-manager-missing]  # that of the tokens: their package ships no types
    """A person or a machine that signs in; what they may do stands in their memberships."""

    class Meta(AbstractUser.Meta):
        verbose_name = _("account")  # type: ignore[assignment]  # the stubs of AbstractUser.Meta say str
        verbose_name_plural = _("accounts")  # type: ignore[assignment]  # as above


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
    camera_networks = ArrayField(
        models.CharField(max_length=43, validators=[check_network]),
        verbose_name=_("networks of its cameras"),
        default=list,
        blank=True,
        size=64,
        help_text=_(
            "Where cameras may be pulled from, such as 10.20.0.0/16, separated by commas. Empty: anywhere but this "
            "machine. 127.0.0.0/8 allows this machine too. Link-local addresses and our own services are never pulled."
        ),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("city")
        verbose_name_plural = _("cities")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do; see `cities.queries.INCLUDED` for which role includes which."""

    VIEWER = "viewer", _("viewer")
    OPERATOR = "operator", _("operator")
    MANAGER = "manager", _("manager")
    AUDITOR = "auditor", _("auditor")


class Membership(CityOwned):
    """A user's place in a city; `narrowed_to`: the only cameras they may see, those of their groups, None for all."""

    seen_without_camera = True

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("city"))
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.VIEWER)
    # Kept by cameras.groups.services in the transaction of each change: every request asks, and one row must tell it.
    narrowed_to = ArrayField(models.UUIDField(), null=True, editable=False, verbose_name=_("the only cameras seen"))

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "city"], name="one_membership_per_user_and_city"),
            models.UniqueConstraint(fields=["id", "city"], name="membership_id_and_city"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
            models.CheckConstraint(
                condition=~models.Q(role=Role.AUDITOR) | models.Q(narrowed_to=None), name="auditors_see_the_whole_city"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.city} · {self.get_role_display()}"


class AuditAction(models.TextChoices):
    """What can be noted in the audit log."""

    SIGNED_IN = "signed_in", _("signed in")
    SIGNED_OUT = "signed_out", _("signed out")
    SECOND_STEP_SET_UP = "second_step_set_up", _("set up the second step")
    SECOND_STEP_REMOVED = "second_step_removed", _("took the second step away")
    TOKEN_MADE = "token_made", _("made an API token")
    TOKEN_REVOKED = "token_revoked", _("revoked an API token")
    ACCOUNT_CHANGED = "account_changed", _("changed an account")
    PLATFORM_CHANGED = "platform_changed", _("changed the platform")
    MEMBER_ADDED = "member_added", _("added a member")
    MEMBER_CHANGED = "member_changed", _("changed a member's role")
    MEMBER_REMOVED = "member_removed", _("removed a member")
    CAMERA_ADDED = "camera_added", _("added a camera")
    CAMERA_CHANGED = "camera_changed", _("changed a camera")
    CAMERA_REMOVED = "camera_removed", _("removed a camera")
    GROUP_MADE = "group_made", _("made a group of cameras")
    GROUP_CHANGED = "group_changed", _("changed a group of cameras")
    GROUP_REMOVED = "group_removed", _("removed a group of cameras")
    MOSAIC_MADE = "mosaic_made", _("made a mosaic")
    MOSAIC_CHANGED = "mosaic_changed", _("changed a mosaic")
    MOSAIC_REMOVED = "mosaic_removed", _("removed a mosaic")
    PUBLISHING_READ = "publishing_read", _("read a camera's password for publishing")
    PUBLISHING_RENEWED = "publishing_renewed", _("renewed a camera's password for publishing")
    STREAM_WISHED = "stream_wished", _("switched a stream on")
    STREAM_DROPPED = "stream_dropped", _("switched a stream off")
    RECORDING_ON = "recording_on", _("switched recording on")
    RECORDING_OFF = "recording_off", _("switched recording off")
    HOLD_MADE = "hold_made", _("held footage")
    HOLD_RELEASED = "hold_released", _("released held footage")
    POLICY_CHANGED = "policy_changed", _("changed how long footage is kept")
    CITY_CHANGED = "city_changed", _("changed the city")
    DELETIONS_SIGNED_OFF = "deletions_signed_off", _("signed a deletion record off")
    LIVE_VIEWED = "live_viewed", _("watched live pictures")
    FOOTAGE_VIEWED = "footage_viewed", _("watched footage")
    AUDIT_READ = "audit_read", _("exported the audit log")
    BREAK_GLASS = "break_glass", _("opened the city as a platform administrator")
    BREAK_GLASS_ENDED = "break_glass_ended", _("closed the city again as a platform administrator")


class AuditEntry(CityOwned):
    """One thing somebody did; nobody can change or delete it, the database's triggers see to that.

    `city` is None in the platform's own chain. Names are kept as they were: people and cameras may go, this stays.
    """

    city = models.ForeignKey(  # type: ignore[assignment]  # the platform's own chain belongs to no city
        City, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("city")
    )
    number = models.BigIntegerField(_("number"))
    at = models.DateTimeField(_("at"))
    actor_id = models.BigIntegerField(_("user id"), null=True)
    actor = models.CharField(_("by"), max_length=150, blank=True)
    address = models.CharField(_("address"), max_length=64, blank=True)
    action = models.CharField(_("action"), max_length=24, choices=AuditAction)
    subject_type = models.CharField(_("kind"), max_length=24, blank=True)
    subject_id = models.CharField(_("id"), max_length=64, blank=True)
    subject = models.CharField(_("subject"), max_length=255, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    facts = models.JSONField(_("details"), default=dict)
    previous_digest = models.CharField(_("digest of the entry before"), max_length=64, blank=True)
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["city", "number"], name="audit_entry_by_city_and_number"),
            models.UniqueConstraint(
                fields=["number"], condition=models.Q(city=None), name="platform_audit_entry_by_number"
            ),
        ]
        indexes = [models.Index(fields=["city", "-at"], name="audit_entry_by_city_and_time")]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"
