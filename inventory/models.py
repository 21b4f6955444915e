"""What somebody asked of the list of cameras and comes back for: a test, a search, an import, a bulk switch."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cities.models import City
from cities.scope import CityOwned


class ErrandKind(models.TextChoices):
    """What was asked."""

    CONNECTION = "connection", _("test of a connection")
    DISCOVERY = "discovery", _("search on the network")
    STREAM_ADDRESS = "stream_address", _("question for a camera's address")
    IMPORT = "import", _("import of cameras")
    SWITCH = "switch", _("switching of several cameras")


class Errand(CityOwned):
    """Something on its way or just done, for the person who asked alone; gone a while after it was asked.

    `content` is sealed like the cameras' credentials, since addresses with passwords may stand in it.
    """

    seen_without_camera = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    city = models.ForeignKey(City, on_delete=models.CASCADE, related_name="+", verbose_name=_("city"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("by"))
    kind = models.CharField(_("kind"), max_length=16, choices=ErrandKind)
    content = models.TextField(_("content, encrypted"))
    made_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("forgotten at"))
    done_at = models.DateTimeField(_("done at"), null=True)

    class Meta:
        verbose_name = _("errand")
        verbose_name_plural = _("errands")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=ErrandKind.values), name="errand_kind_is_known"),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("made_at")), name="errand_is_forgotten_later"
            ),
        ]
        indexes = [
            models.Index(fields=["city", "by", "-made_at"], name="errand_by_person"),
            models.Index(fields=["expires_at"], name="errand_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.made_at:%Y-%m-%d %H:%M}"
