"""The real settings, with a view to compare with."""

from vms.settings import *  # noqa: F403 -- a settings module is the sum of the real one and what differs

ROOT_URLCONF = "bench.bare"
