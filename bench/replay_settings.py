"""The real settings, with the addresses of `bench.replay_urls`."""

from vms.settings import *  # noqa: F403 -- a settings module is the sum of the real one and what differs

# Nothing is asked of Redis where a benchmark runs without one.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
ROOT_URLCONF = "bench.replay_urls"
