"""Settings of the test run: the real ones, with a quick password hasher and plain static files."""

import os
import tempfile
from pathlib import Path

from vms.settings import *  # noqa: F403 -- a settings module is the sum of the real one and what differs
from vms.settings import BASE_DIR, CACHES
from vms.settings import REDIS_URL as SHARED_REDIS_URL

# Each xdist worker (gw0, gw1, …) has a Redis database of its own, so that one may flush without the other's noticing.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_SERVER = SHARED_REDIS_URL.partition("?")[0].removesuffix("/0")
REDIS_URL = f"{_SERVER}?db={_WORKER}" if _SERVER.startswith("unix") else f"{_SERVER}/{_WORKER}"
CACHES["default"]["LOCATION"] = REDIS_URL

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
TEST_RUNNER = "vms.test_runner.PytestRunner"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
VMS_MEDIAMTX_CONFIG = ""
# Where the browser's tests put the player: the folder must be there before the static files are looked for.
VMS_ASSETS = Path(tempfile.gettempdir()) / "vms-test-assets"
VMS_ASSETS.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static", VMS_ASSETS]
VMS_RECORDINGS = Path(tempfile.gettempdir()) / "vms-test-recordings"
