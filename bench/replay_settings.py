"""The real settings, with the addresses of `bench.replay_urls`."""

from vms.settings import *  # noqa: F403 -- a settings module is the sum of the real one and what differs

ROOT_URLCONF = "bench.replay_urls"
