"""Reading the environment: right values are typed, wrong ones are remembered with their remedy."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from vms.environment import (
    Environment,
    list_services,
    read_embedded_urls,
    read_or_make_credential_keys,
    read_or_make_secret,
)


@pytest.mark.parametrize(
    ("text", "flag"), [("1", True), ("yes", True), ("ON", True), ("0", False), ("no", False), ("", True)]
)
def test_a_flag_is_read(text: str, flag: object) -> None:
    environment = Environment({"X": text})
    assert environment.flag("X", default=True) is flag
    assert environment.mistakes == []


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda env: env.flag("X", default=False), "maybe"),
        (lambda env: env.number("X", 4, low=0, high=4), "5"),
        (lambda env: env.number("X", 4, low=0, high=4), "-1"),
        (lambda env: env.number("X", 4, low=0, high=4), "²"),
        (lambda env: env.port("X", 8001), "70000"),
        (lambda env: env.port("X", 8001), "http"),
        (lambda env: env.choice("X", "a", {"a", "b"}), "c"),
        (lambda env: env.delete_after("X", "7d"), "1m"),
        (lambda env: env.networks("X", ["127.0.0.0/8"]), "10.0.0.0/33"),
        (lambda env: env.networks("X", ["127.0.0.0/8"]), "10.0.0.1/8"),
    ],
)
def test_a_wrong_value_is_noted_and_the_default_taken(read, value: str) -> None:
    wrong, unset = Environment({"X": value}), Environment({})
    assert read(wrong) == read(unset)
    assert [name for name, _ in wrong.mistakes] == ["X"]
    assert unset.mistakes == []


def test_lists_are_read() -> None:
    environment = Environment({"HOSTS": " a, b ,,c", "NETS": "10.0.0.0/8,::1/128"})
    assert environment.words("HOSTS", []) == ["a", "b", "c"]
    assert environment.networks("NETS", []) == [ip_network("10.0.0.0/8"), ip_network("::1/128")]


def test_a_secret_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "secret"
    secret = read_or_make_secret(file)
    assert len(secret) >= 64
    assert read_or_make_secret(file) == secret
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_credential_keys_are_made_once_and_may_be_several(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "credential_keys"
    (key,) = read_or_make_credential_keys(file)
    Fernet(key)
    assert read_or_make_credential_keys(file) == [key]
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("new, old\nolder")
    assert read_or_make_credential_keys(file) == ["new", "old", "older"]


def test_a_key_that_cannot_be_kept_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert read_or_make_credential_keys(tmp_path / "file" / "credential_keys") == []
    (tmp_path / "credential_keys").mkdir()
    assert read_or_make_credential_keys(tmp_path / "credential_keys") == []


def test_services_are_read_from_addresses_and_ports() -> None:
    urls = ["postgresql://vms:pw@db/vms", "unix:///x?db=0", "redis://redis:6380/0", "http://[::1", "rtsp://m:99999"]
    assert list_services(urls, hosts=["127.0.0.1"], ports=[8001]) == [
        ("127.0.0.1", 8001),
        ("db", 5432),
        ("redis", 6380),
    ]


def test_an_environment_does_not_show_its_values() -> None:
    assert "hunter2" not in repr(Environment({"VMS_SECRET_KEY": "hunter2"}))


def test_embedded_addresses_are_read_if_they_are_there(tmp_path: Path) -> None:
    assert read_embedded_urls(tmp_path) == {}
    (tmp_path / "embedded.json").write_text('{"redis_url": "unix:///x?db=0"}')
    assert read_embedded_urls(tmp_path) == {"redis_url": "unix:///x?db=0"}
    (tmp_path / "embedded.json").write_text("{torn")
    assert read_embedded_urls(tmp_path) == {}
