"""A Postgres server for benchmarks: as durable as in production, started before Django reads its settings."""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager

from vms.launcher import postgres
from vms.launcher.children import start_child
from vms.launcher.folders import make_run_folder
from vms.launcher.guarding import Guardian
from vms.launcher.ownership import choose_owner

START_WITHIN_SECONDS = 60.0


@contextmanager
def provide_server() -> Generator[None, None, None]:
    """Have DATABASE_URL name a server: the caller's own, else an embedded one that lasts as long as the block."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    owner, guardian = choose_owner(os.geteuid()), Guardian()
    run = make_run_folder(owner)
    guardian.remove_at_end(run)
    data = run / "data"
    data.mkdir(mode=0o711)
    try:
        place = postgres.settle_postgres(data, run, owner, print)
        postgres.prepare_cluster(place)
        child = start_child(postgres.describe_postgres(place, data / "postgres.log"), run.name, 0, guardian)
        deadline = time.monotonic() + START_WITHIN_SECONDS
        while not postgres.accepts_connections(place.admin_url):
            assert child.is_running, (data / "postgres.log").read_text()
            assert time.monotonic() < deadline, "Postgres did not start"
            time.sleep(0.05)
        postgres.make_database(place, for_tests=True)
        os.environ |= {"VMS_DATA": str(data), "DATABASE_URL": place.url}
        yield
    finally:
        guardian.dismiss()
