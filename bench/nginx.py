"""nginx as in production, by `docker/nginx.conf`, and the same nginx that serves files plainly."""

import getpass
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.real import find_free_ports, run_program, wait_until

OURS = Path(__file__).resolve().parent.parent / "docker" / "nginx.conf"

# What the image's own configuration says around ours, in a folder of this run.
_AROUND = """\
user {user};
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    access_log {folder}/access.log;
    sendfile on;
    keepalive_timeout 65;
{ours}
    server {{
        listen 127.0.0.1:{plain};
        access_log off;
        root {recordings};
    }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """Where it stands before our web, where it serves the folder of recordings to anybody, and its workers."""

    port: int
    plain_port: int
    pids: list[int]


def find_nginx() -> str | None:
    """Give the program, None where there is none."""
    return shutil.which("nginx")


@contextmanager
def run_nginx(program: str, folder: Path, *, web_port: int, recordings: Path) -> Generator[Nginx, None, None]:
    """Run it before the web server of that port until the block ends."""
    port, plain = find_free_ports(2)
    config, log = folder / "nginx.conf", folder / "nginx.log"
    ours = adapt_config(OURS.read_text(encoding="utf-8"), port=port, web_port=web_port, recordings=recordings)
    around = {"user": getpass.getuser(), "folder": folder, "plain": plain, "recordings": recordings}
    config.write_text(_AROUND.format(ours=ours, **around), encoding="utf-8")
    argv: list[str | Path] = [program, "-p", folder, "-c", config, "-e", log]
    with run_program(argv, subprocess.DEVNULL, {}) as master:
        wait_until(lambda: master.poll() is not None or _works(master.pid), "nginx works")
        assert master.poll() is None, log.read_text(encoding="utf-8")
        yield Nginx(port, plain, _list_workers(master.pid))


def adapt_config(text: str, *, port: int, web_port: int, recordings: Path) -> str:
    """Give docker's configuration with this machine's addresses and folder, and all else as it is."""
    for docker, here in (
        ("listen 8001;", f"listen 127.0.0.1:{port};"),
        ("    resolver 127.0.0.11 valid=5s;\n", ""),
        ("http://web:8001", f"http://127.0.0.1:{web_port}"),
        ("alias /recordings/;", f"alias {recordings}/;"),
        ("disable_symlinks on from=/recordings;", f"disable_symlinks on from={recordings};"),
    ):
        assert text.count(docker) == 1, docker
        text = text.replace(docker, here)
    return text


def _works(master: int) -> bool:
    return bool(_list_workers(master))


def _list_workers(master: int) -> list[int]:
    return [each.pid for each in psutil.Process(master).children()]
