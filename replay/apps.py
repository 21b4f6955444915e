from django.apps import AppConfig


class ReplayConfig(AppConfig):
    """The room of played footage."""

    name = "replay"
