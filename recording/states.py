"""What state a segment may be in; apart from the models, so that a process that only reads files need not load them."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SegmentState(TextChoices):
    """What can be done with a segment: an open one still grows, a ready one is whole and safe on disk."""

    OPEN = "open", _("open")
    READY = "ready", _("ready")
    DAMAGED = "damaged", _("damaged")
    DELETING = "deleting", _("being deleted")
