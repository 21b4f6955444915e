from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordingConfig(AppConfig):
    """The room of recording."""

    name = "recording"
    verbose_name = _("Recording")

    def ready(self) -> None:
        """Have a removed camera's recording session ended."""
        from cameras.services import removal_steps  # noqa: PLC0415 -- models load only after the apps are ready
        from recording.services import end_recording_of_removed  # noqa: PLC0415 -- as above

        removal_steps.append(end_recording_of_removed)
