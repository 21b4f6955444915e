from django.apps import AppConfig


class CitiesConfig(AppConfig):
    """The room of cities and their people."""

    name = "cities"
