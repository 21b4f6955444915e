from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """The room of the list of cameras."""

    name = "inventory"
