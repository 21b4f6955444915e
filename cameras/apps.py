from django.apps import AppConfig


class CamerasConfig(AppConfig):
    """The room of cameras."""

    name = "cameras"
