from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordingConfig(AppConfig):
    """The room of recording."""

    name = "recording"
    verbose_name = _("Recording")

    def ready(self) -> None:
        """Have a removed camera's session ended, an added one kept off the disk, and what vanished written down."""
        from cameras.services import addition_steps, removal_steps  # noqa: PLC0415 -- models load only after the apps are ready
        from recording.off_order import order_after_commit  # noqa: PLC0415 -- as above
        from recording.retention.vanished import note_vanished  # noqa: PLC0415 -- as above
        from recording.segments.vanished import removal_steps as rows_removed  # noqa: PLC0415 -- as above
        from recording.services import end_recording_of_removed  # noqa: PLC0415 -- as above

        addition_steps.append(order_after_commit)
        removal_steps.append(end_recording_of_removed)
        rows_removed.append(note_vanished)
