"""The composition root as an app, and the packages' apps whose names the administration shows."""

from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.apps import DefaultConfig as TotpConfig


class VmsConfig(AppConfig):
    """The composition root: what only the whole can do at start."""

    name = "vms"
    default = True

    def ready(self) -> None:
        """Register the settings' checks."""
        from vms.checks import register_checks  # noqa: PLC0415 -- settings must be complete before the checks read them

        register_checks()


class FailedSignInsConfig(AxesConfig):  # type: ignore[misc]  # the package ships no types
    """django-axes by a name that says what it shows."""

    verbose_name = _("Failed sign-ins")


class SecondStepsConfig(TotpConfig):  # type: ignore[misc]  # the package ships no types
    """django-otp's devices by a name that says what they are."""

    verbose_name = _("Second steps")
