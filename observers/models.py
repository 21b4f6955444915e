"""What observers saw: what is wrong now, and what no camera explains."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera, MediaServer
from cities.models import City
from cities.scope import CityOwned


class UnknownPath(models.Model):
    """A path in MediaMTX that belongs to no camera: reported, never deleted. `gone_at` is set when it left."""

    media_server = models.ForeignKey(
        MediaServer, on_delete=models.CASCADE, related_name="unknown_paths", verbose_name=_("media server")
    )
    name = models.CharField(_("path"), max_length=512)
    first_seen_at = models.DateTimeField(_("first seen at"))
    gone_at = models.DateTimeField(_("gone at"), null=True)

    class Meta:
        verbose_name = _("unknown path")
        verbose_name_plural = _("unknown paths")
        constraints = [models.UniqueConstraint(fields=["media_server", "name"], name="unknown_path_once_per_server")]

    def __str__(self) -> str:
        return self.name


class AlarmKind(models.TextChoices):
    """What can be wrong."""

    CAMERA_OFFLINE = "camera_offline", _("camera offline")
    MASS_LOSS = "mass_loss", _("many cameras offline at once")
    FLAPPING = "flapping", _("comes and goes")
    UNSTABLE_CLOCK = "unstable_clock", _("unstable clock")
    FROZEN = "frozen", _("frozen picture")
    WISH_NOT_MET = "wish_not_met", _("not recording although wished")
    SERVER_UNREACHABLE = "server_unreachable", _("media server unreachable")
    DISK_FORECAST = "disk_forecast", _("disk too small for the promise")
    EARLY_DELETION = "early_deletion", _("footage deleted before its promised days")
    DAMAGED_FOOTAGE = "damaged_footage", _("damaged footage")
    FOOTAGE_IN_DOUBT = "footage_in_doubt", _("folder of recordings in doubt")
    ONLY_HELD_LEFT = "only_held_left", _("only held footage left, recording refused")
    PROMISE_BROKEN = "promise_broken", _("MediaMTX deletes before the promise")
    DELETION_FAILS = "deletion_fails", _("footage cannot be deleted")


class Alarm(CityOwned):
    """Something that is wrong with a camera, or with a media server as far as one city is concerned.

    Open while `closed_at` is empty; one open per subject and kind. `count` says how often it was seen, once a minute at
    most. `detail` keeps the facts as JSON; observers/alarms/words.py makes the sentence of them.
    """

    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="+", verbose_name=_("city"))
    camera = models.ForeignKey(
        Camera, on_delete=models.CASCADE, related_name="alarms", null=True, blank=True, verbose_name=_("camera")
    )
    media_server = models.ForeignKey(
        MediaServer, on_delete=models.CASCADE, related_name="+", null=True, blank=True, verbose_name=_("media server")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=AlarmKind)
    detail = models.TextField(_("in words"), blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    last_seen_at = models.DateTimeField(_("last seen at"))
    count = models.PositiveIntegerField(_("seen"), default=1)
    closed_at = models.DateTimeField(_("closed at"), null=True)

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["camera", "kind"],
                condition=models.Q(closed_at=None, camera__isnull=False),
                name="one_open_alarm_per_camera_and_kind",
            ),
            models.UniqueConstraint(
                fields=["city", "media_server", "kind"],
                condition=models.Q(closed_at=None, media_server__isnull=False),
                name="one_open_alarm_per_server_and_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(camera=None, media_server__isnull=False)
                | models.Q(camera__isnull=False, media_server=None),
                name="alarm_has_one_subject",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at=None) | models.Q(closed_at__gte=models.F("opened_at")),
                name="alarm_closes_after_it_opened",
            ),
        ]
        indexes = [
            models.Index(fields=["city", "-opened_at"], name="alarm_by_city"),
            models.Index(fields=["city"], name="open_alarm_by_city", condition=models.Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.opened_at:%Y-%m-%d %H:%M}"
