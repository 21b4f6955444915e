"""Recording sessions: the stretches in which a camera's recording is wanted."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from cities.models import City
from cities.scope import CityOwned


class RecordingStatus(models.TextChoices):
    """Whether a session is open."""

    ON = "ON", _("on")
    OFF = "OFF", _("off")


class RecordingSession(CityOwned):
    """From the moment recording was switched on to the moment it was switched off; open while `ended_at` is empty."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    camera = models.ForeignKey(Camera, on_delete=models.PROTECT, related_name="sessions", verbose_name=_("camera"))
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    stream_id = models.CharField(_("stream"), max_length=64)
    status = models.CharField(_("status"), max_length=3, choices=RecordingStatus, default=RecordingStatus.ON)
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    storage_path = models.CharField(_("folder of its footage"), max_length=1100)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("started by")
    )
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("ended by"),
    )

    class Meta:
        verbose_name = _("recording session")
        verbose_name_plural = _("recording sessions")
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["camera"], condition=models.Q(ended_at=None), name="one_open_session_per_camera"
            ),
            models.CheckConstraint(
                condition=models.Q(status=RecordingStatus.ON, ended_at=None)
                | models.Q(status=RecordingStatus.OFF, ended_at__gte=models.F("started_at")),
                name="session_is_on_or_ended",
            ),
        ]
        indexes = [models.Index(fields=["camera", "-started_at"], name="session_by_camera")]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.started_at:%Y-%m-%d %H:%M}"
