"""Mosaics: walls that a city keeps under a name, and the cameras in their tiles."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from cities.models import City
from cities.scope import CityOwned
from mosaics.layouts import FASTEST_ROTATION_SECONDS, MOST_A_SIDE, MOST_TILES, SLOWEST_ROTATION_SECONDS, Layout

_SIDE = [MinValueValidator(1), MaxValueValidator(MOST_A_SIDE)]


class Mosaic(CityOwned):
    """A wall that everybody in its city can open; who sees only some cameras, if it has one of these.

    `rotation_seconds`: how long each page is shown, 0 while pages turn by hand only. `revision` grows by each change,
    so that nobody overwrites what they have not seen.
    """

    seen_through = "tiles"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    name = models.CharField(_("name"), max_length=80)
    rows = models.PositiveSmallIntegerField(_("rows"), validators=_SIDE)
    columns = models.PositiveSmallIntegerField(_("columns"), validators=_SIDE)
    rotation_seconds = models.PositiveIntegerField(
        _("seconds per page"), default=0, help_text=_("0: pages turn by hand only; otherwise 5 to 3600.")
    )
    revision = models.PositiveIntegerField(_("revision"), default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), editable=False)
    updated_at = models.DateTimeField(_("changed at"), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("created by"),
    )

    class Meta:
        verbose_name = _("mosaic")
        verbose_name_plural = _("mosaics")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(Lower("name"), "city", name="one_mosaic_of_a_name_per_city"),
            models.UniqueConstraint(fields=["id", "city"], name="mosaic_id_and_city"),
            models.CheckConstraint(condition=~models.Q(name=""), name="mosaic_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(rows__gte=1, rows__lte=MOST_A_SIDE, columns__gte=1, columns__lte=MOST_A_SIDE),
                name="mosaic_has_a_sensible_layout",
            ),
            models.CheckConstraint(
                condition=models.Q(rotation_seconds=0)
                | models.Q(
                    rotation_seconds__gte=FASTEST_ROTATION_SECONDS, rotation_seconds__lte=SLOWEST_ROTATION_SECONDS
                ),
                name="mosaic_rotates_sensibly_or_not",
                violation_error_message=_("Choose 0, or 5 to 3600 seconds."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def layout(self) -> Layout:
        """Its rows and columns."""
        return Layout(self.rows, self.columns)


class MosaicTile(CityOwned):
    """A camera at a place of a mosaic: 0 is top left, row by row, page by page. Places may stay empty."""

    mosaic = models.ForeignKey(Mosaic, on_delete=models.CASCADE, related_name="tiles", verbose_name=_("mosaic"))
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="+", verbose_name=_("camera"))
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        verbose_name = _("tile")
        verbose_name_plural = _("tiles")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["mosaic", "position"], name="one_camera_per_tile"),
            models.UniqueConstraint(fields=["mosaic", "camera"], name="one_tile_per_camera_in_a_mosaic"),
            models.CheckConstraint(condition=models.Q(position__lt=MOST_TILES), name="tile_is_on_the_wall"),
        ]

    def __str__(self) -> str:
        return f"{self.mosaic_id} {self.position}"
