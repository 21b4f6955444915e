"""System checks of the VMS_* settings: what is wrong, and what to set instead."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 -- Django's own name of its class
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from cameras.credentials import NoCredentialKey, make_box
from cities.scope import every_city
from recording.models import Storage
from vms.promises import tell_broken_promises

LOOPBACK = {"127.0.0.1", "::1", "localhost"}

WELL_KNOWN = ("django-insecure", "change", "secret", "example", "password", "default")
"""How secrets begin that stand in somebody's documentation."""


def check_environment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.E001: a variable holds a value that cannot be read."""
    return [Error(f"{name} {mistake}.", id="vms.E001") for name, mistake in settings.ENVIRONMENT.mistakes]


def check_addresses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.E002: an address of an outside service has a scheme we do not speak."""
    schemes = {
        "DATABASE_URL": (settings.DATABASE_URL, {"postgresql", "postgres"}),
        "REDIS_URL": (settings.REDIS_URL, {"redis", "rediss", "unix"}),
        "MEDIAMTX_API_URL": (settings.MEDIAMTX_API_URL, {"http", "https"}),
        "MEDIAMTX_RTSP_URL": (settings.MEDIAMTX_RTSP_URL, {"rtsp", "rtsps"}),
    }
    return [
        Error(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in sorted(known))}.", id="vms.E002")
        for name, (url, known) in schemes.items()
        if urlsplit(url).scheme not in known
    ]


def check_data_folder(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.E003: the folder of our state cannot be written."""
    folder = _nearest_existing(settings.VMS_DATA)
    if folder.is_dir() and os.access(folder, os.W_OK):
        return []
    return [
        Error(
            f"VMS_DATA ({settings.VMS_DATA}) cannot be written; choose a folder this user may write to.", id="vms.E003"
        )
    ]


def check_ports_differ(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.E004: two of our servers are to listen on one port."""
    ports: dict[int, str] = {}
    clashes: list[CheckMessage] = []
    for name in (
        "VMS_PORT",
        "VMS_MEDIAMTX_API_PORT",
        "VMS_RTSP_PORT",
        "VMS_HLS_PORT",
        "VMS_WEBRTC_PORT",
        "VMS_STREET_PORT",
    ):
        port = getattr(settings, name)
        if port in ports:
            clashes.append(Error(f"{ports[port]} and {name} are both {port}; give each its own port.", id="vms.E004"))
        ports.setdefault(port, name)
    return clashes


def check_secrets(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.E005: a secret given by hand is too short to be one, or one that everybody knows."""
    return [Error(text, id="vms.E005") for text in _describe_weak_secrets()]


def check_credential_keys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.E007: no key, or a wrong one, for the cameras' credentials; vms.W003: others may read them."""
    kept = settings.VMS_DATA / "credential_keys"
    try:
        make_box(settings.VMS_CREDENTIAL_KEYS)
    except NoCredentialKey:
        message = (
            f"The keys of the cameras' credentials (VMS_CREDENTIAL_KEYS, or the file {kept}) cannot be used: each must "
            "be 32 bytes in URL-safe base64 (44 characters), and there must be one. "
            "Bring the right ones back: what was sealed with a lost key must be typed again."
        )
        return [Error(message, id="vms.E007")]
    if kept.exists() and kept.stat().st_mode & 0o077:
        return [Warning(f"Others on this machine may read {kept}; chmod 600 it.", id="vms.W003")]
    return []


def check_exposure(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.E006: DEBUG shows tracebacks to whoever can reach us; vms.E008, vms.W001: everybody is a trusted proxy."""
    found: list[CheckMessage] = [Error(text, id="vms.E006") for text in _describe_shown_tracebacks()]
    believed = _describe_believed_strangers()
    if settings.VMS_BIND in LOOPBACK:
        return [*found, *(Warning(text, id="vms.W001") for text in believed)]
    return [*found, *(Error(text, id="vms.E008") for text in believed)]


def check_hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.W010: names that we do not own are taken for ours, so that links in our answers can lead elsewhere."""
    loose = [host for host in settings.ALLOWED_HOSTS if "*" in host or host.startswith(".")]
    return [
        Warning(f"VMS_ALLOWED_HOSTS has {host}, which is no exact name; name each host.", id="vms.W010")
        for host in loose
    ]


def list_open_doors() -> list[str]:
    """Give why the web server must not listen where it is told to; nothing while only this machine reaches it."""
    if settings.VMS_BIND in LOOPBACK:
        return []
    return [*_describe_shown_tracebacks(), *_describe_believed_strangers(), *_describe_weak_secrets()]


def _describe_weak_secrets() -> list[str]:
    given = {
        "VMS_SECRET_KEY": settings.SECRET_KEY,
        "VMS_HOOK_SECRET": settings.VMS_HOOK_SECRET,
        "VMS_MEDIA_SECRET": settings.VMS_MEDIA_SECRET,
    }
    return [
        f"{name} is shorter than 32 characters, or no secret at all; leave it unset or make a random one."
        for name, value in given.items()
        if len(value) < 32 or len(set(value)) < 10 or value.lower().startswith(WELL_KNOWN)
    ]


def _describe_shown_tracebacks() -> list[str]:
    if settings.DEBUG and settings.VMS_BIND not in LOOPBACK:
        return ["VMS_DEBUG=1 while VMS_BIND is open to others; switch one of them off."]
    return []


def _describe_believed_strangers() -> list[str]:
    if any(network.prefixlen == 0 for network in settings.VMS_TRUSTED_PROXIES):
        return ["VMS_TRUSTED_PROXIES trusts everybody's X-User-ID; name your gateway's addresses only."]
    return []


def check_promises(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.W002: MediaMTX deletes footage before a promise of it ends. Only where the database may be asked."""
    if not databases:
        return []
    try:
        if Storage._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001 -- Django's documented model API
            return []  # the first start: an error in Postgres' log would be of nobody's making
        with every_city("a media server's longest promise may be any city's"):
            sentences = tell_broken_promises(timezone.now())
    except (DatabaseError, InterfaceError):
        return []  # it is away, or its tables are older than we are: its own messages say so
    return [Warning(sentence, id="vms.W002") for sentence in sentences]


_ROLE = "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"


def check_database_role(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 -- the signature of a check
    """vms.W004: the role we work as passes by row level security, the wall between the cities in Postgres."""
    if not databases:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(_ROLE)
            found = cursor.fetchall()
    except (DatabaseError, InterfaceError):
        return []  # it is away: its own messages say so
    return [
        Warning(
            f"The database role {role} is a superuser or has BYPASSRLS: Postgres does not keep the cities apart. "
            'Work as an ordinary role that owns the database; "A Postgres of your own" in docs/operate.md says how.',
            id="vms.W004",
        )
        for (role,) in found
    ]


def register_checks() -> None:
    """Have `manage.py check` and every other command run them; those of the database where `--database` names it."""
    for check in (
        check_environment,
        check_addresses,
        check_data_folder,
        check_ports_differ,
        check_secrets,
        check_credential_keys,
        check_exposure,
        check_hosts,
    ):
        register(check)
    register(check_promises, Tags.database)
    register(check_database_role, Tags.database)


def _nearest_existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())
