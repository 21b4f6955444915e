from django.apps import AppConfig


class RecordingConfig(AppConfig):
    """The room of recording."""

    name = "recording"

    def ready(self) -> None:
        """Have a removed camera's recording session ended."""
        from cameras.services import removal_steps  # noqa: PLC0415 -- models load only after the apps are ready
        from recording.services import end_recording_of_removed  # noqa: PLC0415 -- as above

        removal_steps.append(end_recording_of_removed)
