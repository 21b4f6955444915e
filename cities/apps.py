from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CitiesConfig(AppConfig):
    """The room of cities and their people."""

    name = "cities"
    verbose_name = _("Cities")

    def ready(self) -> None:
        """Let the OpenAPI generator know our way of signing in: it learns of a scheme when its class is made."""
        from cities import schema  # noqa: F401, PLC0415 -- needs the models, which load only after the apps are ready
