"""What is wanted and what is kept: sessions, segments, promises, holds, deletions, and the gaps in between."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera, MediaServer
from cities.models import City
from cities.scope import CityOwned
from recording.fields import SpansField
from recording.states import SegmentState


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


class DeletionRule(models.TextChoices):
    """Which rule took a segment away."""

    AGE = "age", _("its promised days are over")
    MAXIMUM = "maximum", _("older than the law allows")
    QUOTA = "quota", _("over the quota")
    WATERMARK = "watermark", _("the disk was full")
    OUTSIDE = "outside", _("outside every recording session")
    MEDIAMTX = "mediamtx", _("MediaMTX's own cleaner took it")


class Segment(CityOwned):
    """One file of footage. `file` is its path below the media server's folder; `fragments` is packed by `footage`.

    `activity` is measured by `footage` once the file is ready, and empty before; of a row that is older than the
    column, until its turn comes. `holes`, packed by `footage` too, are the times within it without a picture; a row
    that is older than that column tells none until its file is read again. `start` and `end` are the first and the end
    of the last whole sample; `whole_bytes` ends with the last whole fragment. `claims_until`: when the bytes behind it,
    which cannot be replayed, were written, None without any. `is_recovered`: its writer ended without closing it.
    `held_file`: the hard link that keeps it out of every cleaner's reach, "" without one; `held_problem`: why that link
    is not to be relied on, a `LinkProblem` of the holds. `deletion_early`: it goes before its promised days are over.
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
    activity = models.BinaryField(default=b"", db_default=b"")
    holes = models.BinaryField(default=b"", db_default=b"")
    claims_until = models.DateTimeField(null=True, editable=False)
    indexed_at = models.DateTimeField(_("indexed at"))
    held_file = models.CharField(_("held as"), max_length=128, blank=True, db_default="")
    held_problem = models.CharField(_("problem of holding it"), max_length=8, blank=True, db_default="")
    deletion_rule = models.CharField(
        _("deleted by rule"), max_length=9, choices=DeletionRule, blank=True, db_default=""
    )
    deletion_early = models.BooleanField(_("before its promised days"), db_default=False)
    deletion_attempts = models.PositiveSmallIntegerField(_("attempts to delete it"), db_default=0)
    deletion_error = models.TextField(_("why it could not be deleted"), blank=True, db_default="")

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.UniqueConstraint(
                fields=["camera", "start"],
                include=["end", "size", "state", "city"],
                name="segment_by_camera_and_start",
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
            models.CheckConstraint(
                condition=~models.Q(state="deleting", deletion_rule=""), name="deleting_segment_names_its_rule"
            ),
        ]
        indexes = [
            models.Index(fields=["city", "-start"], name="segment_by_city_and_start"),
            models.Index(fields=["media_server"], name="open_segment_by_server", condition=models.Q(state="open")),
            models.Index(
                fields=["media_server"], name="deleting_segment_by_server", condition=models.Q(state="deleting")
            ),
            models.Index(fields=["media_server"], name="held_segment_by_server", condition=~models.Q(held_file="")),
            models.Index(
                fields=["city", "-start"], name="damaged_segment_by_city", condition=models.Q(state="damaged")
            ),
            models.Index(
                fields=["-start"], name="unmeasured_segment_by_start", condition=models.Q(state="ready", activity=b"")
            ),
            models.Index(fields=["camera", "start"], name="holed_segment_by_camera", condition=models.Q(holes__gt=b"")),
            models.Index(
                fields=["camera", "start"],
                name="torn_segment_by_camera",
                condition=models.Q(claims_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.file


class RetentionPolicy(CityOwned):
    """What a city promises of its footage, or of one camera's. Days count from a segment's start, as MediaMTX's do.

    `days`: kept at least so long. `max_days`: gone by then; without it footage goes when its promised days are over.
    `quota_bytes`: the oldest goes first where the city (or the camera) holds more.
    """

    seen_without_camera = True  # the city's promise holds for every camera without one of its own

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    camera = models.ForeignKey(
        Camera, on_delete=models.CASCADE, related_name="+", null=True, blank=True, verbose_name=_("camera")
    )
    days = models.PositiveIntegerField(_("days promised"), default=7)
    max_days = models.PositiveIntegerField(_("days at most"), null=True, blank=True)
    quota_bytes = models.BigIntegerField(_("quota in bytes"), null=True, blank=True)

    class Meta:
        verbose_name = _("retention policy")
        verbose_name_plural = _("retention policies")
        constraints = [
            models.UniqueConstraint(
                fields=["city"], condition=models.Q(camera=None), name="one_retention_policy_per_city"
            ),
            models.UniqueConstraint(
                fields=["camera"], condition=models.Q(camera__isnull=False), name="one_retention_policy_per_camera"
            ),
            models.CheckConstraint(condition=models.Q(days__gte=1, days__lte=3650), name="promise_is_sensible"),
            models.CheckConstraint(
                condition=models.Q(max_days=None) | models.Q(max_days__gte=models.F("days"), max_days__lte=3650),
                name="maximum_is_no_less_than_promise",
            ),
            models.CheckConstraint(
                condition=models.Q(quota_bytes=None) | models.Q(quota_bytes__gt=0), name="quota_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.city} {self.days}"


class Hold(CityOwned):
    """Footage of a camera from `starts_at` to `ends_at` that no rule may delete, until it is released or `until`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    camera = models.ForeignKey(Camera, on_delete=models.PROTECT, related_name="holds", verbose_name=_("camera"))
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    reason = models.CharField(_("reason"), max_length=500)
    case_number = models.CharField(_("case number"), max_length=120, blank=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(_("held at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("held by")
    )
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("released by"),
    )

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="hold_ends_after_start"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="hold_has_a_reason"),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gt=models.F("created_at")),
                name="hold_lasts_beyond_its_making",
            ),
        ]
        indexes = [
            models.Index(
                fields=["camera", "starts_at"], name="live_hold_by_camera", condition=models.Q(released_at=None)
            ),
            models.Index(fields=["city", "-created_at"], name="hold_by_city"),
        ]

    def __str__(self) -> str:
        return f"{self.case_number or self.reason} {self.starts_at:%Y-%m-%d %H:%M}"


class Storage(models.Model):
    """The disk of a media server's recordings: where its ring turns, and what was last measured of it.

    Footage is deleted from the moment less than `low_bytes` are free until `high_bytes` are; None: our own choice.
    `doubt`: why nothing may be deleted there, "" if it may. `refuses_since`: only held footage is left, so nothing is
    recorded. `delete_after_seconds`: MediaMTX's own `recordDeleteAfter` in force; 0: off; None: not known.
    """

    media_server = models.OneToOneField(
        MediaServer, on_delete=models.CASCADE, related_name="storage", verbose_name=_("media server")
    )
    low_bytes = models.BigIntegerField(_("make room when fewer bytes are free"), null=True, blank=True)
    high_bytes = models.BigIntegerField(_("make room until so many bytes are free"), null=True, blank=True)
    total_bytes = models.BigIntegerField(_("bytes"), null=True, editable=False)
    free_bytes = models.BigIntegerField(_("bytes free"), null=True, editable=False)
    measured_at = models.DateTimeField(_("measured at"), null=True, editable=False)
    bytes_per_day = models.BigIntegerField(_("bytes written a day"), null=True, editable=False)
    yields_days = models.FloatField(_("days it yields"), null=True, editable=False)
    promised_days = models.PositiveIntegerField(_("longest promise in days"), null=True, editable=False)
    doubt = models.TextField(_("why nothing may be deleted"), blank=True, default="", editable=False)
    refuses_since = models.DateTimeField(_("records nothing since"), null=True, editable=False)
    delete_after_seconds = models.BigIntegerField(_("MediaMTX deletes after seconds"), null=True, editable=False)

    class Meta:
        verbose_name = _("storage")
        verbose_name_plural = _("storage")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(low_bytes=None, high_bytes=None)
                | models.Q(low_bytes__gte=0, high_bytes__gte=models.F("low_bytes")),
                name="high_water_is_above_low_water",
            ),
        ]

    def __str__(self) -> str:
        return str(self.media_server)


class Forecast(CityOwned):
    """How many days a city's share of a media server's disk yields, from what was written in the last day.

    `yields_days` is None where nothing is written; `room_bytes` is what the city may fill, its footage included.
    """

    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="+", verbose_name=_("city"))
    media_server = models.ForeignKey(
        MediaServer, on_delete=models.CASCADE, related_name="+", verbose_name=_("media server")
    )
    bytes_per_day = models.BigIntegerField(_("bytes written a day"))
    footage_bytes = models.BigIntegerField(_("bytes of footage"))
    held_bytes = models.BigIntegerField(_("bytes held"))
    room_bytes = models.BigIntegerField(_("bytes it may fill"))
    yields_days = models.FloatField(_("days it yields"), null=True)
    promised_days = models.PositiveIntegerField(_("longest promise in days"))
    measured_at = models.DateTimeField(_("measured at"))

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        constraints = [
            models.UniqueConstraint(fields=["city", "media_server"], name="one_forecast_per_city_and_server"),
        ]

    def __str__(self) -> str:
        return f"{self.city} {self.media_server}"


class Deletion(CityOwned):
    """What one rule took from a camera in one day of its city: from the first segment's start to the last one's end.

    Between them may be time of which there never was footage: `spans` are the exact stretches that were covered by what
    went, with its joints, and `damaged` the damaged files among it. Both are None where nobody wrote them down yet.
    """

    camera = models.ForeignKey(Camera, on_delete=models.PROTECT, related_name="+", verbose_name=_("camera"))
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    day = models.DateField(_("day"))
    rule = models.CharField(_("rule"), max_length=9, choices=DeletionRule)
    is_early = models.BooleanField(_("before the promised days"))
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))
    segments = models.PositiveIntegerField(_("segments"))
    bytes = models.BigIntegerField(_("bytes"))
    last_at = models.DateTimeField(_("last deleted at"))
    spans = SpansField(null=True, editable=False)
    damaged = SpansField(null=True, editable=False)

    class Meta:
        verbose_name = _("deletion")
        verbose_name_plural = _("deletions")
        constraints = [
            models.UniqueConstraint(
                fields=["camera", "day", "rule", "is_early"], name="one_deletion_per_camera_day_and_rule"
            ),
            models.CheckConstraint(condition=models.Q(end__gte=models.F("start")), name="deletion_ends_after_start"),
            models.CheckConstraint(
                condition=models.Q(spans=None, damaged=None) | models.Q(spans__isnull=False, damaged__isnull=False),
                name="deletion_is_known_exactly_or_not",
            ),
        ]
        indexes = [models.Index(fields=["city", "-day"], name="deletion_by_city_and_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.rule} {self.camera_id}"


class DeletionRecord(CityOwned):
    """All deletions of a city's day, sealed when the day is over: each record's digest holds the one before it.

    `signature` is made with the installation's secret key; `signed_off_by` is the person who read and accepted it.
    """

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    day = models.DateField(_("day"))
    segments = models.PositiveIntegerField(_("segments"))
    bytes = models.BigIntegerField(_("bytes"))
    early_segments = models.PositiveIntegerField(_("segments before their promised days"))
    previous_digest = models.CharField(_("digest of the record before"), max_length=64, blank=True)
    digest = models.CharField(_("digest"), max_length=64)
    signature = models.CharField(_("signature"), max_length=64)
    sealed_at = models.DateTimeField(_("sealed at"))
    signed_off_at = models.DateTimeField(_("signed off at"), null=True)
    signed_off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("signed off by"),
    )

    class Meta:
        verbose_name = _("deletion record")
        verbose_name_plural = _("deletion records")
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["city", "day"], name="one_deletion_record_per_city_and_day")]

    def __str__(self) -> str:
        return f"{self.city} {self.day}"


class GapCause(models.TextChoices):
    """Why there is no footage although recording was wanted."""

    CAMERA_OFFLINE = "camera_offline", _("camera offline")
    STREAM_REFUSED = "stream_refused", _("camera refused us")
    SERVER_DOWN = "server_down", _("media server down")
    DISK_FULL = "disk_full", _("disk full")
    INGEST_DOWN = "ingest_down", _("ingest down")
    DELETED = "deleted", _("deleted by rule")
    DAMAGED = "damaged", _("damaged file")
    UNKNOWN = "unknown", _("unknown")


class Gap(CityOwned):
    """A stretch in which recording was wanted and no footage is kept; `end` is None while it lasts."""

    camera = models.ForeignKey(Camera, on_delete=models.PROTECT, related_name="gaps", verbose_name=_("camera"))
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"), null=True)
    cause = models.CharField(_("cause"), max_length=16, choices=GapCause)

    class Meta:
        verbose_name = _("gap")
        verbose_name_plural = _("gaps")
        constraints = [
            models.UniqueConstraint(fields=["camera", "start"], name="gap_by_camera_and_start"),
            models.CheckConstraint(
                condition=models.Q(end=None) | models.Q(end__gt=models.F("start")), name="gap_ends_after_start"
            ),
        ]
        indexes = [models.Index(fields=["city", "-start"], name="gap_by_city_and_start")]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.start:%Y-%m-%d %H:%M} {self.cause}"
