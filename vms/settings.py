"""Django settings, all from the environment; docs/settings.md has the table, vms/checks.py finds wrong values."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ

from vms.environment import (
    Environment,
    list_services,
    read_embedded_urls,
    read_or_make_credential_keys,
    read_or_make_secret,
    split_keys,
)

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = Environment(os.environ)

VMS_DATA = Path(ENVIRONMENT.text("VMS_DATA", str(BASE_DIR / "data"))).resolve()
VMS_RECORDINGS = Path(ENVIRONMENT.text("VMS_RECORDINGS", str(VMS_DATA / "recordings"))).resolve()
VMS_BIND = ENVIRONMENT.text("VMS_BIND", "127.0.0.1")
VMS_PORT = ENVIRONMENT.port("VMS_PORT", 8001)
VMS_PUBLIC_HOST = ENVIRONMENT.text("VMS_PUBLIC_HOST", "127.0.0.1")
VMS_PUBLIC_SCHEME = ENVIRONMENT.choice("VMS_PUBLIC_SCHEME", "http", {"http", "https"})
VMS_MEDIAMTX_API_PORT = ENVIRONMENT.port("VMS_MEDIAMTX_API_PORT", 9997)
VMS_RTSP_PORT = ENVIRONMENT.port("VMS_RTSP_PORT", 8554)
VMS_HLS_PORT = ENVIRONMENT.port("VMS_HLS_PORT", 8888)
VMS_WEBRTC_PORT = ENVIRONMENT.port("VMS_WEBRTC_PORT", 8889)
VMS_STREET_PORT = ENVIRONMENT.port("VMS_STREET_PORT", 8654)
VMS_DEMO_CAMERAS = ENVIRONMENT.number("VMS_DEMO_CAMERAS", 4, low=0, high=4)
VMS_RECORDING_ADAPTER = ENVIRONMENT.choice("VMS_RECORDING_ADAPTER", "mediamtx", {"mediamtx", "mock"})
VMS_TRUSTED_PROXIES = ENVIRONMENT.networks("VMS_TRUSTED_PROXIES", ["127.0.0.0/8", "::1/128"])
VMS_GATEWAYS_ARE_NAMED = bool(ENVIRONMENT.text("VMS_TRUSTED_PROXIES"))
VMS_HOOK_NETWORKS = ENVIRONMENT.networks("VMS_HOOK_NETWORKS", ["127.0.0.0/8", "::1/128"])
VMS_INGEST_STALL_SECONDS = ENVIRONMENT.number("VMS_INGEST_STALL_SECONDS", 15, low=3, high=600)
VMS_INGEST_LEASE_SECONDS = ENVIRONMENT.number("VMS_INGEST_LEASE_SECONDS", 15, low=5, high=300)
VMS_INGEST_MAX = ENVIRONMENT.number("VMS_INGEST_MAX", 500, low=1, high=10_000)
VMS_PICTURES_BYTES = ENVIRONMENT.number("VMS_PICTURES_BYTES", 2_000_000_000, low=10_000_000, high=10**15)
# Only behind a web server that sends what X-Accel-Redirect names, as docker/nginx.conf says.
VMS_ACCEL = ENVIRONMENT.flag("VMS_ACCEL", default=False)
MEDIAMTX_API_URL = ENVIRONMENT.text("MEDIAMTX_API_URL", f"http://127.0.0.1:{VMS_MEDIAMTX_API_PORT}")
# The file may be changed only where that MediaMTX is ours: by default the one that `manage.py up` starts.
_OUR_CONFIG = "" if ENVIRONMENT.text("MEDIAMTX_API_URL") else str(VMS_DATA / "mediamtx" / "mediamtx.yml")
VMS_MEDIAMTX_CONFIG = ENVIRONMENT.text("VMS_MEDIAMTX_CONFIG", _OUR_CONFIG)
VMS_RECORD_DELETE_AFTER = ENVIRONMENT.delete_after("VMS_RECORD_DELETE_AFTER", "7d")
MEDIAMTX_RTSP_URL = ENVIRONMENT.text("MEDIAMTX_RTSP_URL", f"rtsp://127.0.0.1:{VMS_RTSP_PORT}")

SECRET_KEY = ENVIRONMENT.text("VMS_SECRET_KEY") or read_or_make_secret(VMS_DATA / "secret_key")
VMS_HOOK_SECRET = ENVIRONMENT.text("VMS_HOOK_SECRET") or read_or_make_secret(VMS_DATA / "hook_secret")
VMS_MEDIA_SECRET = ENVIRONMENT.text("VMS_MEDIA_SECRET") or read_or_make_secret(VMS_DATA / "media_secret")
VMS_CREDENTIAL_KEYS = split_keys(ENVIRONMENT.text("VMS_CREDENTIAL_KEYS")) or read_or_make_credential_keys(
    VMS_DATA / "credential_keys"
)
DEBUG = ENVIRONMENT.flag("VMS_DEBUG", default=False)
ALLOWED_HOSTS = ENVIRONMENT.words("VMS_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.words("VMS_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "knox",
    "vms.apps.FailedSignInsConfig",
    "django_otp",
    "vms.apps.SecondStepsConfig",
    "django_otp.plugins.otp_static",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "cities",
    "cameras",
    "streams",
    "recording",
    "observers",
    "mosaics",
    "replay",
    "inventory",
    "vms",
]

MIDDLEWARE = [
    "vms.protection.ProtectionMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "cities.middleware.CityMiddleware",
    # Last: it turns the refusal of a locked-out sign-in into its page.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "vms.urls"
WSGI_APPLICATION = "vms.wsgi.application"
TEST_RUNNER = "vms.test_runner.PytestRunner"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

_EMBEDDED = read_embedded_urls(VMS_DATA)
DATABASE_URL = ENVIRONMENT.text("DATABASE_URL", _EMBEDDED.get("database_url", "postgresql://vms@127.0.0.1:5432/vms"))
REDIS_URL = ENVIRONMENT.text("REDIS_URL", _EMBEDDED.get("redis_url", "redis://127.0.0.1:6379/0"))

# What no camera's address may lead to; the media servers' rows name theirs besides.
VMS_OWN_SERVICES = list_services(
    [DATABASE_URL, REDIS_URL, MEDIAMTX_API_URL, MEDIAMTX_RTSP_URL],
    hosts=["127.0.0.1", VMS_PUBLIC_HOST],
    ports=[VMS_PORT, VMS_MEDIAMTX_API_PORT, VMS_RTSP_PORT, VMS_HLS_PORT, VMS_WEBRTC_PORT],
)

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **environ.Env.db_url_config(DATABASE_URL),
        "ENGINE": "cities.postgres",
        # A connection knows its questions by then, and each of the web server's threads has one.
        "CONN_MAX_AGE": 900,
        "CONN_HEALTH_CHECKS": True,
    },
}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)
# Prepared questions are planned once for each connection; Postgres would plan each six times before it trusts itself.
DATABASES["default"]["OPTIONS"].setdefault("options", "-c plan_cache_mode=force_generic_plan")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1},
    },
}
# Sessions live in Postgres: a flushed Redis must not log the operator out.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Not prolonged by use: the wall asks every two seconds, and a browser left alone must not stay signed in for ever.
SESSION_COOKIE_AGE = 3600 * ENVIRONMENT.number("VMS_SESSION_HOURS", 12, low=1, high=720)
SESSION_COOKIE_HTTPONLY = True
# Lax, not Strict: a link in a mail to the wall must find who is signed in. Forms have their CSRF token besides.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True


def _celery_url(redis_url: str) -> str:
    """Celery spells a Redis on a unix socket differently from redis-py."""
    parts = urlsplit(redis_url)
    return f"redis+socket://{parts.path}" if parts.scheme == "unix" else redis_url


CELERY_BROKER_URL = _celery_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
# What may take a minute has a worker of its own (the keeper): states must never wait behind it.
CELERY_TASK_ROUTES = {
    pattern: {"queue": "footage"}
    for pattern in (
        "recording.tasks.reconcile_*",
        "recording.tasks.measure_*",
        "recording.retention.tasks.*",
        "recording.gaps.tasks.*",
        "recording.storage.tasks.*",
        "inventory.tasks.*",
    )
}
# Previews take seconds of CPU each, and nobody is harmed where they come later.
CELERY_TASK_ROUTES["replay.pictures.tasks.*"] = {"queue": "pictures"}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "vms.beat:SteadyScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300, "socket_connect_timeout": 3, "socket_keepalive": True}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True

AUTH_USER_MODEL = "cities.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    # Passwords from before are read, and kept as Argon2 at the next sign-in.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# A name and an address together: neither a guesser elsewhere nor a colleague behind the same router locks anybody out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "cities.addresses.find_client_address"
# Whoever goes on guessing while locked out must not keep the right person out for longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Open City VMS"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    }
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["cities.authentication.CityAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["cities.permissions.RoleAllows"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "cities.parsers.FlatJSONParser",
        "rest_framework.parsers.FormParser",
        # The forms of the browsable API arrive so.
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "cities.negotiation.FirstAnswer",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "cities.problems.answer_problem",
    "UNAUTHENTICATED_USER": None,
}
KNOX_TOKEN_MODEL = "cities.ApiToken"  # noqa: S105 -- the name of a model
REST_KNOX = {"TOKEN_MODEL": KNOX_TOKEN_MODEL, "AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": None, "AUTO_REFRESH": False}
SPECTACULAR_SETTINGS = {
    "TITLE": "Open City VMS",
    "DESCRIPTION": "Video management for cities: cameras, streams and recordings around MediaMTX.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cities.schema.describe_doors",
    ],
    "ENUM_NAME_OVERRIDES": {
        "CameraState": "cameras.models.CameraState",
        "StreamProgress": "streams.progress.StreamProgress",
    },
    "TAGS": [
        {"name": "Streaming", "description": "Cameras and their live pictures."},
        {"name": "Recording", "description": "What is wanted on disk."},
        {"name": "Mosaics", "description": "Walls of cameras."},
        {"name": "System", "description": "Cities and health."},
    ],
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("pt-br", "Português (Brasil)")]
FORMAT_MODULE_PATH = ["vms.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VMS_DATA / "static"
# What is got at install rather than kept in the repository: hls.js, with which our pages play footage.
VMS_ASSETS = VMS_DATA / "assets"
STATICFILES_DIRS = [BASE_DIR / "static", *([VMS_ASSETS] if VMS_ASSETS.is_dir() else [])]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Behind TLS (VMS_PUBLIC_SCHEME=https) cookies travel over TLS only; on plain loopback that would lock everybody out.
_TLS = VMS_PUBLIC_SCHEME == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = _TLS
SECURE_HSTS_SECONDS = 31_536_000 if _TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _TLS
SECURE_REDIRECT_EXEMPT = [r"^health", r"^hooks/", r"^media/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _TLS else None
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Nobody uploads anything here; the largest form is a page of the administration.
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 0

UNFOLD = {
    "SITE_TITLE": "Open City VMS",
    "SITE_HEADER": "Open City VMS",
    "SITE_SYMBOL": "videocam",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "vms.navigation.name_icon"}],
    "SHOW_LANGUAGES": True,
    "STYLES": ["vms.navigation.name_stylesheet"],
    "COLORS": {
        "primary": {
            "50": "#eef8fb",
            "100": "#d6eef5",
            "200": "#b0deeb",
            "300": "#7cc5da",
            "400": "#45a6c2",
            "500": "#278aa8",
            "600": "#17627d",
            "700": "#145369",
            "800": "#134656",
            "900": "#123b49",
            "950": "#08252f",
        },
    },
    "SIDEBAR": {"navigation": "vms.navigation.build_navigation"},
}

DEFAULT_EXCEPTION_REPORTER = "vms.hiding.HidingReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "vms.hiding.HidingFilter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "vms.hiding.HidingFormatter", "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["console"],
        "level": ENVIRONMENT.choice("VMS_LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"}),
    },
    "loggers": {
        # Ten lines a tick, for ever, would bury the one that matters.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
