"""Media servers and the cameras that belong to them."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from cities.models import City
from cities.scope import CityOwned
from ffmpeg.sources import read_service
from mediamtx.names import stream_id_for


def check_web_address(text: str) -> None:
    """Refuse what is no HTTP address of a server."""
    _check_address(text, "http")


def check_rtsp_address(text: str) -> None:
    """Refuse what is no RTSP address of a server."""
    _check_address(text, "rtsp")


def _check_address(text: str, scheme: str) -> None:
    if not text.startswith((f"{scheme}://", f"{scheme}s://")) or read_service(text) is None:
        message = _("%(address)s is no address; write one like %(scheme)s://media.example:8554, a port up to 65535.")
        raise ValidationError(message, params={"address": text, "scheme": scheme})


class MediaServer(models.Model):
    """One MediaMTX: where it answers, where it writes, and what its observer last saw of it."""

    class Reach(models.TextChoices):
        """Whether its API gives valid answers."""

        UNKNOWN = "unknown", _("not asked yet")
        REACHABLE = "reachable", _("reachable")
        UNREACHABLE = "unreachable", _("unreachable")

    name = models.CharField(_("name"), max_length=64, unique=True)
    api_url = models.CharField(_("API address"), max_length=255, validators=[check_web_address])
    rtsp_url = models.CharField(_("RTSP address for our own ingest"), max_length=255, validators=[check_rtsp_address])
    public_rtsp_url = models.CharField(
        _("RTSP address for people and cameras"), max_length=255, validators=[check_rtsp_address]
    )
    public_hls_url = models.CharField(_("HLS address for people"), max_length=255, validators=[check_web_address])
    public_webrtc_url = models.CharField(_("WebRTC address for people"), max_length=255, validators=[check_web_address])
    recordings_root = models.CharField(_("folder of recordings"), max_length=1024)
    # Null, not "": any number of servers have none of their own.
    hook_secret_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001 -- see above
    media_secret_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001 -- see above

    reach = models.CharField(_("reach"), max_length=16, choices=Reach, default=Reach.UNKNOWN, editable=False)
    reach_changed_at = models.DateTimeField(_("reach changed at"), null=True, editable=False)
    problem = models.TextField(_("problem"), blank=True, editable=False)
    version = models.CharField(_("version"), max_length=32, blank=True, editable=False)
    started = models.DateTimeField(_("MediaMTX started at"), null=True, editable=False)
    grace_since = models.DateTimeField(_("restart noticed at"), null=True, editable=False)
    grace_until = models.DateTimeField(_("no camera goes offline before"), null=True, editable=False)
    seen_before_grace = models.DateTimeField(_("last valid snapshot before the restart"), null=True, editable=False)
    snapshot_at = models.DateTimeField(_("last valid snapshot"), null=True, editable=False)
    looks = models.BigIntegerField(_("valid snapshots, at most one each 5 s"), default=0, editable=False)
    look_counted_at = models.DateTimeField(_("last counted snapshot"), null=True, editable=False)

    class Meta:
        verbose_name = _("media server")
        verbose_name_plural = _("media servers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reach__in=["unknown", "reachable", "unreachable"]), name="reach_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CameraState(models.TextChoices):
    """What we know of a camera's picture: no answer from its media server is not "offline"."""

    ONLINE = "online", _("online")
    OFFLINE = "offline", _("offline")
    UNKNOWN = "unknown", _("unknown")


def state_of(reach: str, *, is_online: bool) -> CameraState:
    """Give the state of a camera whose media server is so reached."""
    if reach != MediaServer.Reach.REACHABLE:
        return CameraState.UNKNOWN
    return CameraState.ONLINE if is_online else CameraState.OFFLINE


class Camera(CityOwned):
    """A street camera. `source_url` is empty for one that publishes by itself, and holds nothing secret.

    An address that has a secret (user name, password, a key in its query) stands whole, encrypted, in
    `source_credentials`; `cameras.credentials` alone reads and writes that.
    """

    camera_column = "id"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="cameras", verbose_name=_("city"))
    media_server = models.ForeignKey(
        MediaServer, on_delete=models.PROTECT, related_name="cameras", verbose_name=_("media server")
    )
    name = models.CharField(_("name"), max_length=120)
    location = models.CharField(_("location"), max_length=200, blank=True)
    source_url = models.CharField(_("source address"), max_length=2000, blank=True)
    source_credentials = models.TextField(_("source credentials, encrypted"), blank=True, editable=False)
    publish_number = models.PositiveIntegerField(_("number of its password for publishing"), default=1, editable=False)
    recording_enabled = models.BooleanField(_("recording wished"), default=False)
    is_online = models.BooleanField(_("online"), default=False, editable=False)
    online_changed_at = models.DateTimeField(_("online state changed at"), null=True, editable=False)
    last_seen_at = models.DateTimeField(_("last seen at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    removed_at = models.DateTimeField(_("removed at"), null=True, editable=False)

    class Meta:
        verbose_name = _("camera")
        verbose_name_plural = _("cameras")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), "city", condition=models.Q(removed_at=None), name="one_camera_of_a_name_per_city"
            ),
            models.UniqueConstraint(fields=["id", "city"], name="camera_id_and_city"),
            models.CheckConstraint(condition=~models.Q(name=""), name="camera_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(removed_at=None) | models.Q(recording_enabled=False),
                name="removed_camera_records_nothing",
            ),
        ]
        indexes = [
            models.Index(
                fields=["city", "name", "id"], name="camera_by_city_and_name", condition=models.Q(removed_at=None)
            ),
            models.Index(fields=["media_server"], name="online_camera_by_server", condition=models.Q(is_online=True)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def stream_id(self) -> str:
        """The name its picture has in MediaMTX."""
        return stream_id_for(self.id)

    @property
    def publishes_by_itself(self) -> bool:
        """Whether nobody needs to pull it."""
        return not self.source_url

    @property
    def has_credentials(self) -> bool:
        """Whether a user name, password or key is kept for its source."""
        return bool(self.source_credentials)

    @property
    def state(self) -> CameraState:
        """Online, offline, or unknown while its media server gives no valid answer. Wants `media_server` loaded."""
        return state_of(self.media_server.reach, is_online=self.is_online)


class OutageCause(models.TextChoices):
    """Why no picture of a camera arrived, as far as anybody could tell at the time."""

    OFFLINE = "offline", _("camera offline")
    REFUSED = "refused", _("camera refused us")
    INGEST = "ingest", _("ingest down")


class CameraGroup(CityOwned):
    """Cameras that belong together, such as a district's; members put into it see these and no others."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        verbose_name = _("group of cameras")
        verbose_name_plural = _("groups of cameras")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint("city", Lower("name"), name="one_group_per_city_and_name"),
            models.UniqueConstraint(fields=["id", "city"], name="group_id_and_city"),
            models.CheckConstraint(condition=~models.Q(name=""), name="group_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupedCamera(CityOwned):
    """A camera in a group."""

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", db_index=False)
    group = models.ForeignKey(CameraGroup, on_delete=models.CASCADE, related_name="cameras", db_index=False)
    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "camera"], name="camera_once_in_a_group")]

    def __str__(self) -> str:
        return f"{self.group_id} · {self.camera_id}"


class GroupMember(CityOwned):
    """A member of the city who sees only the cameras of this group, and of the others they were put into."""

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", db_index=False)
    # Without its group a member would see the whole city: it cannot go before they are taken out.
    group = models.ForeignKey(CameraGroup, on_delete=models.PROTECT, related_name="members", db_index=False)
    membership = models.ForeignKey("cities.Membership", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "membership"], name="member_once_in_a_group")]

    def __str__(self) -> str:
        return f"{self.group_id} · {self.membership_id}"


class CameraOutage(CityOwned):
    """A stretch in which a camera was not online: from its last sight to the snapshot that showed it again.

    Open while `ended_at` is empty. `began_at_look` is its media server's count of valid snapshots when it was missed.
    """

    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="outages", verbose_name=_("camera"))
    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="+", verbose_name=_("city"))
    cause = models.CharField(_("cause"), max_length=8, choices=OutageCause, default=OutageCause.OFFLINE)
    began_at = models.DateTimeField(_("began at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    began_at_look = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("camera outage")
        verbose_name_plural = _("camera outages")
        constraints = [
            models.UniqueConstraint(
                fields=["camera"], condition=models.Q(ended_at=None), name="one_open_outage_per_camera"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("began_at")),
                name="outage_ends_after_it_began",
            ),
        ]
        indexes = [models.Index(fields=["camera", "-began_at"], name="outage_by_camera")]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.began_at:%Y-%m-%d %H:%M} {self.cause}"


class ServerOutageCause(models.TextChoices):
    """What kept a whole media server from writing."""

    DOWN = "down", _("media server down")
    DISK_FULL = "disk_full", _("disk full")


class ServerOutage(models.Model):
    """A stretch in which a media server surely wrote nothing, or nobody could tell; open while `ended_at` is None."""

    media_server = models.ForeignKey(
        MediaServer, on_delete=models.CASCADE, related_name="outages", verbose_name=_("media server")
    )
    cause = models.CharField(_("cause"), max_length=9, choices=ServerOutageCause)
    began_at = models.DateTimeField(_("began at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("media server outage")
        verbose_name_plural = _("media server outages")
        constraints = [
            models.UniqueConstraint(
                fields=["media_server", "cause"],
                condition=models.Q(ended_at=None),
                name="one_open_outage_per_server_and_cause",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("began_at")),
                name="server_outage_ends_after_it_began",
            ),
        ]
        indexes = [models.Index(fields=["media_server", "-began_at"], name="outage_by_server")]

    def __str__(self) -> str:
        return f"{self.media_server} {self.began_at:%Y-%m-%d %H:%M} {self.cause}"
