"""The embedded Postgres, for real: in a private folder, over restarts, after kills."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from tests.vms.launcher.conftest import CHECKOUT, is_alive, wait_until
from vms.launcher import postgres
from vms.launcher.children import Child, start_child
from vms.launcher.errors import NotStartedError
from vms.launcher.folders import make_run_folder
from vms.launcher.guardian import find_members, stop_groups
from vms.launcher.guarding import Guardian
from vms.launcher.ownership import choose_owner

pytestmark = pytest.mark.integration


@dataclass
class Server:
    """An embedded Postgres on a data folder of our own."""

    place: postgres.PostgresPlace
    guardian: Guardian
    log: Path
    child: Child | None = None

    def start(self) -> None:
        """Start it as the launcher does."""
        postgres.prepare_cluster(self.place)
        postgres.clear_left_over_postgres(self.place)
        program = postgres.describe_postgres(self.place, self.log)
        self.child = start_child(program, self.place.sockets.parent.name, 1, self.guardian)
        wait_until(lambda: postgres.accepts_connections(self.place.admin_url))

    def stop(self) -> None:
        """Stop it as the launcher does."""
        if self.child is not None:
            stop_groups([self.child.group])
            self.child.process.wait()
            self.guardian.forget(self.child.group)

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement in our database."""
        with psycopg.connect(self.place.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder that every account can reach, unlike tmp_path, beside the one that is used where it cannot be."""
    parent = make_run_folder(choose_owner(os.geteuid()))
    elsewhere = make_run_folder(choose_owner(os.geteuid()))
    monkeypatch.setattr(postgres, "ELSEWHERE", elsewhere)
    folder = parent / "data"
    folder.mkdir()
    yield folder
    shutil.rmtree(parent)
    shutil.rmtree(elsewhere)


@pytest.fixture
def said() -> list[str]:
    """What was reported."""
    return []


@pytest.fixture
def settle(data: Path, said: list[str]) -> Iterator[Callable[[], Server]]:
    """Settle a server on the data folder, as a launcher that starts does."""
    guardian = Guardian()

    def settle_server() -> Server:
        owner = choose_owner(os.geteuid())
        run = make_run_folder(owner)
        guardian.remove_at_end(run)
        place = postgres.settle_postgres(data, run, owner, said.append)
        return Server(place, guardian, data / "postgres.log")

    yield settle_server
    guardian.dismiss()


def test_data_survives_a_restart(settle: Callable[[], Server]) -> None:
    first = settle()
    first.start()
    postgres.make_database(first.place)
    first.run("CREATE TABLE seen AS SELECT 'São Paulo' AS city")
    first.stop()
    second = settle()
    second.start()
    postgres.make_database(second.place)
    assert second.run("SELECT city FROM seen") == [("São Paulo",)]
    assert second.run("SHOW server_encoding") == [("UTF8",)]
    second.stop()


def test_killed_server_leaves_no_process_and_starts_again_with_its_data(settle: Callable[[], Server]) -> None:
    server = settle()
    server.start()
    postgres.make_database(server.place)
    server.run("CREATE TABLE seen AS SELECT 1 AS one")
    busy = psycopg.connect(server.place.url)
    busy.execute("SELECT 1")
    assert server.child is not None
    members = find_members(server.child.group)
    assert len(members) > 4, "its background processes count as its own"
    os.kill(server.child.process.pid, signal.SIGKILL)
    server.child.process.wait()
    server.start()
    assert not any(map(is_alive, members))
    assert server.run("SELECT one FROM seen") == [(1,)]
    server.stop()


def test_pid_that_meanwhile_belongs_to_another_process_does_not_keep_it_from_starting(
    settle: Callable[[], Server],
) -> None:
    server = settle()
    server.start()
    server.stop()
    stale = f"{os.getpid()}\n{server.place.data}\n1700000000\n5432\n{server.place.sockets}\n\n"
    (server.place.data / "postmaster.pid").write_text(stale, encoding="utf-8")
    server.start()
    server.stop()


def test_interrupted_setup_is_begun_anew(settle: Callable[[], Server]) -> None:
    server = settle()
    half = server.place.data.with_name("postgres.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n", encoding="ascii")
    server.start()
    server.stop()
    assert not half.exists()


def test_another_major_version_is_named(settle: Callable[[], Server]) -> None:
    server = settle()
    (server.place.data / "PG_VERSION").write_text("12\n", encoding="ascii")
    with pytest.raises(NotStartedError, match=r"was made by Postgres 12; installed are 18, 16\."):
        settle()


def test_we_work_as_an_ordinary_role_that_owns_the_database(settle: Callable[[], Server]) -> None:
    server = settle()
    server.start()
    postgres.make_database(server.place, for_tests=True)
    role = (
        "SELECT rolname::text, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication "
        "FROM pg_roles WHERE rolname = current_user"
    )
    assert server.run(role) == [("vms_app", True, False, False, False, True, False)]
    postgres.make_database(server.place)
    assert server.run(role) == [("vms_app", True, False, False, False, False, False)]
    owners = "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'vms'"
    assert server.run(owners) == [("vms_app",)]
    server.run("CREATE TABLE ours (id serial)")
    server.stop()


OLD = """
    CREATE TABLE seen (id bigint GENERATED BY DEFAULT AS IDENTITY, number serial, city text);
    INSERT INTO seen (city) VALUES ('São Paulo');
    CREATE SEQUENCE counted;
    CREATE VIEW shown AS SELECT city FROM seen;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE TRIGGER stays BEFORE DELETE ON seen FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def test_a_database_of_before_is_handed_over_with_all_that_is_in_it(settle: Callable[[], Server]) -> None:
    """There was but one role, the superuser, and it owned everything."""
    server = settle()
    server.start()
    with psycopg.connect(server.place.admin_url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE vms")
    with psycopg.connect(server.place.admin_url_of("vms"), autocommit=True) as admin:
        admin.execute(OLD.encode())
    for _ in range(2):
        postgres.make_database(server.place)
    owners = (
        "SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class JOIN pg_namespace ON relnamespace = "
        "pg_namespace.oid WHERE nspname = 'public' AND relkind IN ('r', 'v', 'S', 'i') "
        "UNION SELECT pg_get_userbyid(proowner)::text FROM pg_proc WHERE proname = 'refuse' "
        "UNION SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'vms'"
    )
    assert server.run(owners) == [("vms_app",)]
    server.run("ALTER TABLE seen ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    assert server.run("SELECT city FROM shown") == []
    server.run("CREATE TABLE more (id bigint)")
    server.stop()


def test_docker_s_script_makes_an_ordinary_role_that_owns_a_database(
    settle: Callable[[], Server], tmp_path: Path
) -> None:
    """Here under another name, for ours is the superuser's in a cluster of the launcher's."""
    script = (CHECKOUT / "docker" / "postgres-init.sh").read_text(encoding="utf-8")
    renamed = tmp_path / "init.sh"
    renamed.write_text(script.replace("ROLE vms ", "ROLE harbour ").replace("vms OWNER vms", "harbour OWNER harbour"))
    server = settle()
    server.start()
    environ = {
        "PATH": f"{server.place.programs}:{os.environ['PATH']}",
        "PGHOST": str(server.place.sockets),
        "POSTGRES_USER": "vms",
        "VMS_POSTGRES_PASSWORD": "it's a secret; DROP ROLE vms",
    }
    subprocess.run(["/bin/sh", renamed], env=environ, check=True)
    with psycopg.connect(server.place.admin_url) as admin:
        role = admin.execute(
            "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
            "WHERE rolname = 'harbour' AND 'harbour' = (SELECT pg_get_userbyid(datdba) FROM pg_database "
            "WHERE datname = 'harbour')"
        )
        assert role.fetchall() == [(True, False, False, False, False)]
    server.stop()


def test_nobody_but_its_owner_can_enter_its_folders(settle: Callable[[], Server]) -> None:
    server = settle()
    server.start()
    owner = choose_owner(os.geteuid())
    for folder in (server.place.data, server.place.sockets):
        found = folder.stat()
        assert stat.S_IMODE(found.st_mode) == 0o700
        assert found.st_uid == (owner.uid if owner else os.geteuid())
    server.stop()


def test_only_the_accounts_concerned_are_let_in(settle: Callable[[], Server]) -> None:
    server = settle()
    postgres.prepare_cluster(server.place, durable=False)
    uids = {os.geteuid(), server.place.owner.uid if server.place.owner else os.geteuid()}
    names = sorted(pwd.getpwuid(uid).pw_name for uid in uids)
    assert (server.place.data / "pg_hba.conf").read_text(encoding="utf-8") == ("local all vms,vms_app peer map=vms\n")
    rules = "".join(f'vms "{name}" {role}\n' for name in names for role in ("vms", "vms_app"))
    assert (server.place.data / "pg_ident.conf").read_text(encoding="utf-8") == rules


def test_root_in_a_private_folder_finds_another_place_and_says_so(
    settle: Callable[[], Server], data: Path, said: list[str]
) -> None:
    data.parent.chmod(0o700)
    server = settle()
    server.start()
    if os.geteuid() == 0:
        assert server.place.data.is_relative_to(postgres.ELSEWHERE)
        assert said == [f"database files are in {server.place.data} (uid 65534 cannot reach {data})"]
    else:
        assert server.place.data == data / "postgres"
        assert said == []
    again = settle()
    assert again.place == replace(server.place, sockets=again.place.sockets)
    assert stat.S_IMODE(data.parent.stat().st_mode) == 0o700
    server.stop()


def test_programs_that_the_server_cannot_reach_are_copied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: Path, said: list[str]
) -> None:
    owner = choose_owner(os.geteuid())
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = postgres._installed_servers()
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, private / folder.name, symlinks=True)
    run = make_run_folder(owner)
    monkeypatch.setattr(postgres, "_installed_servers", lambda: private / package.name)
    try:
        place = postgres.settle_postgres(data, run, owner, said.append)
        assert place.programs.is_relative_to(postgres.ELSEWHERE if owner else private)
        postgres.prepare_cluster(place)
        assert (place.data / "PG_VERSION").read_text(encoding="ascii") == "18\n"
    finally:
        shutil.rmtree(run)
