from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ObserversConfig(AppConfig):
    """The room of observers."""

    name = "observers"
    verbose_name = _("Platform")
