"""Typed reading of the environment: a wrong value is remembered for the system checks, never a traceback at import."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from mediamtx.config import check_delete_after
from mediamtx.errors import InvalidConfig

Network = IPv4Network | IPv6Network

_USUAL_PORTS = {
    "postgresql": 5432,
    "postgres": 5432,
    "redis": 6379,
    "rediss": 6379,
    "http": 80,
    "https": 443,
    "rtsp": 554,
}
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


@dataclass
class Environment:
    """The environment's variables, read once; `mistakes` holds (variable, what is wrong and the remedy)."""

    variables: Mapping[str, str] = field(repr=False)
    mistakes: list[tuple[str, str]] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        """Give the variable, or the default where it is unset or empty."""
        return self.variables.get(name) or default

    def flag(self, name: str, *, default: bool) -> bool:
        """Give a yes/no variable."""
        value = self.text(name).lower()
        if value in _TRUE | _FALSE or not value:
            return value in _TRUE if value else default
        self._note(name, f"is {value!r}; set it to 1 or 0")
        return default

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        """Give a whole number within [low, high]."""
        value = self.text(name, str(default))
        if value.lstrip("-").isdecimal() and low <= int(value) <= high:
            return int(value)
        self._note(name, f"is {value!r}; set it to a whole number from {low} to {high}")
        return default

    def port(self, name: str, default: int) -> int:
        """Give a TCP or UDP port."""
        return self.number(name, default, low=1, high=65535)

    def delete_after(self, name: str, default: str) -> str:
        """Give an age at which MediaMTX is to delete footage, in its own words."""
        value = self.text(name, default)
        try:
            return check_delete_after(value)
        except InvalidConfig as error:
            self._note(name, f"is wrong: {error}; set it to a duration such as 7d or 36h, or to 0s")
            return default

    def choice(self, name: str, default: str, choices: set[str]) -> str:
        """Give one of a few words."""
        value = self.text(name, default)
        if value in choices:
            return value
        self._note(name, f"is {value!r}; set it to one of: {', '.join(sorted(choices))}")
        return default

    def words(self, name: str, default: list[str]) -> list[str]:
        """Give a comma-separated list."""
        words = [word.strip() for word in self.text(name).split(",") if word.strip()]
        return words or default

    def networks(self, name: str, default: list[str]) -> list[Network]:
        """Give a comma-separated list of networks in CIDR form."""
        try:
            return [ip_network(word) for word in self.words(name, default)]
        except ValueError as error:
            self._note(name, f"holds a bad network ({error}); write networks like 10.0.0.0/8,::1/128")
            return [ip_network(word) for word in default]

    def _note(self, name: str, mistake: str) -> None:
        self.mistakes.append((name, mistake))


def read_or_make_secret(path: Path) -> str:
    """Give the secret kept in `path`, made at first use, readable by its owner only and the same for every process.

    Where the folder cannot be written the secret lasts as long as this process; the system checks say so.
    """
    if not path.exists():
        try:
            _publish_secret(path, secrets.token_urlsafe(48))
        except FileExistsError:
            pass  # another process was first: its secret counts
        except OSError:
            return secrets.token_urlsafe(48)
    return path.read_text().strip()


def read_or_make_credential_keys(path: Path) -> list[str]:
    """Give the keys kept in `path`, the first made at first use; none where they could not be kept.

    A key that lasts as long as this process would seal what nobody can ever open again.
    """
    try:
        if not path.exists():
            _publish_secret(path, Fernet.generate_key().decode())
    except FileExistsError:
        pass  # another process was first: its key counts
    except OSError:
        return []
    try:
        return split_keys(path.read_text())
    except (OSError, UnicodeDecodeError):
        return []


def split_keys(text: str) -> list[str]:
    """Give the keys in a text, separated by blanks, lines or commas."""
    return text.replace(",", " ").split()


def read_embedded_urls(data: Path) -> dict[str, str]:
    """Give the addresses of the embedded servers that a running `manage.py up` wrote, {} if there are none."""
    try:
        found = json.loads((data / "embedded.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return {str(key): str(value) for key, value in found.items()}


def list_services(urls: Iterable[str], *, hosts: Iterable[str], ports: Iterable[int]) -> list[tuple[str, int]]:
    """Give (host, port) of services named by addresses, and of each port at each host; unix sockets have none."""
    found = {(host, port) for host in hosts for port in ports}
    for url in urls:
        try:
            parts = urlsplit(url)
            port = parts.port or _USUAL_PORTS.get(parts.scheme, 0)
        except ValueError:
            continue  # a system check tells of it
        if parts.hostname and port:
            found.add((parts.hostname, port))
    return sorted(found)


def _publish_secret(path: Path, secret: str) -> None:
    """Write aside, then link into place, so that nobody reads half a secret and the first writer wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    aside.touch(mode=0o600)
    try:
        aside.write_text(secret)
        path.hardlink_to(aside)
    finally:
        aside.unlink()
