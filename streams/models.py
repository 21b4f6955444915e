"""The wish that a camera's picture be in MediaMTX, and who carries it there."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from cities.models import City
from cities.scope import CityOwned


class StreamState(models.TextChoices):
    """Where our ingest stands with a picture it must pull."""

    STOPPED = "stopped", _("stopped")
    STARTING = "starting", _("starting")
    LIVE = "live", _("live")
    RETRYING = "retrying", _("retrying")


class Stream(CityOwned):
    """A camera's stream: `wished` is the wish; the rest is what the ingest process that holds the lease last said."""

    camera = models.OneToOneField(Camera, on_delete=models.CASCADE, related_name="stream", verbose_name=_("camera"))
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    wished = models.BooleanField(_("wished"), default=True)
    wished_at = models.DateTimeField(_("wished since"))
    state = models.CharField(
        _("state"), max_length=16, choices=StreamState, default=StreamState.STOPPED, editable=False
    )
    state_changed_at = models.DateTimeField(_("state changed at"), null=True, editable=False)
    problem_kind = models.CharField(_("kind of problem"), max_length=32, blank=True, editable=False)
    problem = models.TextField(_("why it is not streaming"), blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    lease_owner = models.CharField(_("ingest process"), max_length=120, blank=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, editable=False)

    class Meta:
        verbose_name = _("stream")
        verbose_name_plural = _("streams")
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=StreamState.values), name="stream_state_is_known"),
            models.CheckConstraint(
                condition=models.Q(lease_owner="", lease_until=None)
                | (~models.Q(lease_owner="") & models.Q(lease_until__isnull=False)),
                name="stream_lease_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["lease_until"], name="wished_stream_by_lease", condition=models.Q(wished=True))]

    def __str__(self) -> str:
        return self.camera.stream_id
