from django.apps import AppConfig


class MosaicsConfig(AppConfig):
    """The room of mosaics."""

    name = "mosaics"

    def ready(self) -> None:
        """Have a removed camera taken off every mosaic."""
        from cameras.services import removal_steps  # noqa: PLC0415 -- models load only after the apps are ready
        from mosaics.services import take_off_walls  # noqa: PLC0415 -- as above

        removal_steps.append(take_off_walls)
