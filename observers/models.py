"""What observers saw that no camera explains."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import MediaServer


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
