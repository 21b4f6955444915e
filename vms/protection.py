"""What every answer tells browsers: whose scripts may run, who may frame it, what it may use, and that nobody keeps it.

A page that needs more (the wall: its media servers) says so itself; what a view has said stays.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_STRICT = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# Other people's pages carry style attributes; none of them has a script of its own in the page.
_STYLED = _STRICT | {"style-src": "'self' 'unsafe-inline'"}
# Alpine, which Unfold's pages are made with, builds functions out of attributes.
_ADMIN = _STYLED | {"script-src": "'self' 'unsafe-eval'"}

_POLICIES = {"/admin/": _ADMIN, "/docs": _STYLED, "/api/": _STYLED}

_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
            *("microphone", "midi", "payment", "publickey-credentials-get", "serial", "usb"),
        )
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class ProtectionMiddleware:
    """Adds what no view has said; it stands outside of everything, so that refusals and failures say it too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", choose_policy(request.path_info))
        if not request.path_info.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def choose_policy(path: str) -> str:
    """Give the Content-Security-Policy of a path: the strictest with which its pages work."""
    policy = next((found for prefix, found in _POLICIES.items() if path.startswith(prefix)), _STRICT)
    return "; ".join(f"{name} {sources}" for name, sources in policy.items())
