"""Keeps secrets out of what is written when something goes wrong: log lines and Django's error reports."""

import logging
import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from ffmpeg.failures import redact


class HidingFormatter(logging.Formatter):
    """Takes user names, passwords and secret-looking parameters out of every address in a line or its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class HidingFilter(SafeExceptionReporterFilter):
    """What a report may show of settings and requests; with VMS_DEBUG=1 too, where Django would show everything."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|CREDENTIAL|ENVIRONMENT", re.IGNORECASE
    )

    def is_active(self, request: HttpRequest | None) -> bool:  # noqa: ARG002 -- Django's signature
        return True

    def cleanse_setting(self, key: str | int, value: Any) -> Any:
        """Hide what has the name of a secret, and the secrets in addresses such as DATABASE_URL."""
        cleansed = super().cleanse_setting(key, value)
        return redact(str(cleansed)) if isinstance(cleansed, str) else cleansed

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Give the names alone: a camera's address with its password is sent so, and so are people's passwords."""
        return {} if request is None else dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:  # noqa: ARG002 -- Django's signature
        """Give none: a password has many names on its way through the code."""
        return {}.items()


class HidingReporter(ExceptionReporter):
    """Django's report without secrets in the exception's own words either."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        return data | {name: redact(str(data[name])) for name in ("exception_value", "exception_notes") if name in data}
