from django.apps import AppConfig


class MosaicsConfig(AppConfig):
    """The room of mosaics."""

    name = "mosaics"
