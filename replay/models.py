"""What is kept about footage that is played back: the previews made of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from cities.models import City
from cities.scope import CityOwned
from recording.models import Segment


class PictureState(models.TextChoices):
    """Where the making of a segment's previews stands."""

    WANTED = "wanted", _("wanted")
    MAKING = "making", _("being made")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class SegmentPicture(CityOwned):
    """The previews of a segment on one sheet, row by row: a tile for each `seconds` from the segment's start.

    The row is the order, too: who makes it claims it. `covers_until`: where the footage ended that it was made of;
    None until a first sheet is there. A segment's row may go at any time, and takes nothing along: a sweep does.
    """

    segment = models.OneToOneField(
        Segment, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", verbose_name=_("segment")
    )
    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="+", verbose_name=_("camera"))
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="+", verbose_name=_("city"))
    state = models.CharField(_("state"), max_length=8, choices=PictureState, default=PictureState.WANTED)
    wanted_at = models.DateTimeField(_("wanted at"))
    claimed_at = models.DateTimeField(_("claimed at"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    problem = models.TextField(_("why it could not be made"), blank=True, default="")
    made_at = models.DateTimeField(_("made at"), null=True)
    covers_until = models.DateTimeField(_("covers until"), null=True)
    seconds = models.PositiveIntegerField(_("seconds of a tile"), default=0)
    tiles = models.PositiveSmallIntegerField(_("tiles"), default=0)
    columns = models.PositiveSmallIntegerField(_("columns"), default=0)
    rows = models.PositiveSmallIntegerField(_("rows"), default=0)
    width = models.PositiveSmallIntegerField(_("width of a tile"), default=0)
    height = models.PositiveSmallIntegerField(_("height of a tile"), default=0)

    class Meta:
        verbose_name = _("previews of a segment")
        verbose_name_plural = _("previews of segments")
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=PictureState.values), name="picture_state_is_known"),
            models.CheckConstraint(
                condition=models.Q(covers_until=None, made_at=None)
                | models.Q(covers_until__isnull=False, made_at__isnull=False, tiles__gt=0, seconds__gt=0),
                name="made_picture_is_whole",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="making", claimed_at=None), name="picture_in_making_is_claimed"
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "wanted_at"],
                name="picture_to_make",
                condition=models.Q(state__in=["wanted", "making"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.state}"
