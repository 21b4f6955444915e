from django.apps import AppConfig


class VmsConfig(AppConfig):
    """The composition root: what only the whole can do at start."""

    name = "vms"

    def ready(self) -> None:
        """Register the settings' checks."""
        from vms.checks import register_checks  # noqa: PLC0415 -- settings must be complete before the checks read them

        register_checks()
