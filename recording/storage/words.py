"""A forecast said in the reader's language."""

import math

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def say_outlook(bytes_per_day: int | None, yields_days: float | None, promised_days: int | None) -> str:
    """Say what a disk yields of what was promised; days are rounded down, so that 29.97 is never "30"."""
    if not bytes_per_day:
        return _("Nothing is being recorded, or nothing was written yet.")
    if yields_days is None:
        return _("It is too early to tell: less than ten minutes of footage were measured.")
    days = number_format(math.floor(yields_days * 10) / 10, 1)
    promised = promised_days or 0
    if yields_days < promised:
        text = ngettext(
            "This disk yields %(days)s of the promised %(count)d day.",
            "This disk yields %(days)s of the promised %(count)d days.",
            promised,
        )
    else:
        text = ngettext(
            "This disk yields %(days)s days; %(count)d is promised.",
            "This disk yields %(days)s days; %(count)d are promised.",
            promised,
        )
    return text % {"days": days, "count": promised}
