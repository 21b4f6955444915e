"""Log lines and error reports without secrets."""

import logging
import sys
from typing import Any

from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class, get_exception_reporter_filter

from vms.hiding import HidingFilter, HidingFormatter, HidingReporter

# Backwards, because a report quotes the code around, and that must not be what is found.
SECRET = "2retnuh"[::-1]
URL = f"rtsp://op:{SECRET}@10.0.0.5/live?token={SECRET}"


def raise_with_it(password: str) -> None:
    raise RuntimeError(f"could not open {URL} with {len(password)} letters")


def report_of(request: Any) -> str:
    try:
        raise_with_it(SECRET)
    except RuntimeError:
        return str(HidingReporter(request, *sys.exc_info()).get_traceback_html())
    raise AssertionError


def test_a_log_line_shows_no_credentials_of_an_address_nor_does_its_traceback() -> None:
    try:
        raise_with_it("x")
    except RuntimeError:
        error = sys.exc_info()
    record = logging.LogRecord("x", logging.ERROR, "", 0, "pulling %s", (URL,), error)
    line = HidingFormatter("%(levelname)s %(message)s").format(record)
    assert line.splitlines()[0] == "ERROR pulling rtsp://***@10.0.0.5/live?token=***"
    assert (SECRET in line, "Traceback" in line) == (False, True)


def test_a_report_shows_neither_what_was_typed_nor_what_the_code_held(settings: Any) -> None:
    for settings.DEBUG in (False, True):
        request = RequestFactory().post("/admin/", {"source_url": URL, "name": "Bridge"})
        report = report_of(request)
        assert SECRET not in report
        assert [word for word in ("raise_with_it", "source_url", "could not open") if word not in report] == []


def test_settings_are_shown_without_their_secrets(settings: Any) -> None:
    settings.DATABASE_URL = f"postgresql://vms:{SECRET}@db/vms"
    settings.CACHES = {"default": {"LOCATION": f"redis://:{SECRET}@redis:6379/0"}}
    settings.VMS_CREDENTIAL_KEYS = [SECRET]
    shown = str(HidingFilter().get_safe_settings())
    assert (SECRET in shown, "postgresql://***@db/vms" in shown) == (False, True)


def test_these_are_the_ones_django_uses() -> None:
    assert get_exception_reporter_class(RequestFactory().get("/")).__name__ == "HidingReporter"  # type: ignore[attr-defined]  # the stubs say an instance
    assert type(get_exception_reporter_filter(None)) is HidingFilter
