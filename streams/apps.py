from django.apps import AppConfig


class StreamsConfig(AppConfig):
    """The room of streams."""

    name = "streams"

    def ready(self) -> None:
        """Have a removed camera's stream ended."""
        from cameras.services import removal_steps  # noqa: PLC0415 -- models load only after the apps are ready
        from streams.services import drop_stream_of_removed  # noqa: PLC0415 -- as above

        removal_steps.append(drop_stream_of_removed)
