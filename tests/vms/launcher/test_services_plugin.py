"""The servers every test run gets."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from tests.vms.launcher.conftest import CHECKOUT, is_alive, wait_until

RUN = """
import os, sys, time
from tests.services import start_missing_services
services = start_missing_services()
print(services.folder, services.guardian.pid, *(child.process.pid for child in services.children), flush=True)
time.sleep(600)
"""


def test_run_has_a_postgres_and_a_redis_of_its_own() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        encoding = connection.execute("SHOW server_encoding").fetchone()
    assert encoding == ("UTF8",)
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        assert client.ping() is True


@pytest.mark.slow
def test_nothing_of_a_killed_run_stays_behind() -> None:
    given = ("DATABASE_URL", "REDIS_URL", "VMS_DATA")
    environ = {name: value for name, value in os.environ.items() if name not in given}
    with subprocess.Popen([sys.executable, "-c", RUN], cwd=CHECKOUT, env=environ, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        folder, *pids = run.stdout.readline().decode().split()
        assert len(pids) == 3
        assert all(is_alive(int(pid)) for pid in pids)
        run.kill()
    wait_until(lambda: not any(is_alive(int(pid)) for pid in pids))
    assert not Path(folder).exists()
