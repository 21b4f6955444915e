from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MosaicsConfig(AppConfig):
    """The room of mosaics."""

    name = "mosaics"
    verbose_name = _("Mosaics")

    def ready(self) -> None:
        """Have a removed camera taken off every mosaic."""
        from cameras.services import removal_steps  # noqa: PLC0415 -- models load only after the apps are ready
        from mosaics.services import take_off_walls  # noqa: PLC0415 -- as above

        removal_steps.append(take_off_walls)
