"""Recording sessions, the stretches in which recording is wanted, and segments, the files that came of it."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera, MediaServer
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


class SegmentState(models.TextChoices):
    """What can be done with a segment: an open one still grows, a ready one is whole and safe on disk."""

    OPEN = "open", _("open")
    READY = "ready", _("ready")
    DAMAGED = "damaged", _("damaged")
    DELETING = "deleting", _("being deleted")


class Segment(CityOwned):
    """One file of footage. `file` is its path below the media server's folder; `fragments` is packed by `footage`.

    `start` and `end` are the first and the end of the last whole sample; `whole_bytes` ends with the last whole
    fragment. `is_recovered`: its writer ended without closing it.
    """

    camera = models.ForeignKey(
        Camera, on_delete=models.PROTECT, related_name="segments", verbose_name=_("camera"), db_index=False
    )
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"), db_index=False)
    media_server = models.ForeignKey(
        MediaServer, on_delete=models.PROTECT, related_name="+", verbose_name=_("media server"), db_index=False
    )
    start = models.DateTimeField(_("start"))
    end = models.DateTimeField(_("end"))
    size = models.BigIntegerField(_("bytes"))
    whole_bytes = models.BigIntegerField(_("bytes that can be replayed"))
    file = models.CharField(_("file"), max_length=128)
    stream_id = models.UUIDField(_("recording of MediaMTX"), null=True)
    number = models.BigIntegerField(_("number in that recording"), null=True)
    state = models.CharField(_("state"), max_length=8, choices=SegmentState)
    damage = models.TextField(_("damage"), blank=True)
    is_recovered = models.BooleanField(_("recovered"), default=False)
    fragments = models.BinaryField(default=b"")
    indexed_at = models.DateTimeField(_("indexed at"))

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.UniqueConstraint(
                fields=["camera", "start"], include=["end", "size", "state"], name="segment_by_camera_and_start"
            ),
            models.UniqueConstraint(fields=["media_server", "file"], name="segment_by_server_and_file"),
            models.CheckConstraint(condition=models.Q(end__gte=models.F("start")), name="segment_ends_after_start"),
            models.CheckConstraint(
                condition=models.Q(whole_bytes__gte=0, whole_bytes__lte=models.F("size")),
                name="segment_is_no_more_than_its_file",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "ready", "damaged", "deleting"]), name="segment_state_is_known"
            ),
            models.CheckConstraint(condition=~models.Q(state="damaged", damage=""), name="damaged_segment_says_why"),
        ]
        indexes = [
            models.Index(fields=["city", "-start"], name="segment_by_city_and_start"),
            models.Index(fields=["media_server"], name="open_segment_by_server", condition=models.Q(state="open")),
        ]

    def __str__(self) -> str:
        return self.file
