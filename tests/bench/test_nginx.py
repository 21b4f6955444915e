"""The nginx of the benchmarks is the one of docker/nginx.conf, but for where it stands."""

from pathlib import Path

from bench.nginx import OURS, adapt_config


def test_all_but_addresses_and_the_folder_is_as_in_production() -> None:
    text = OURS.read_text(encoding="utf-8")
    here = adapt_config(text, port=1234, web_port=4321, recordings=Path("/somewhere")).splitlines()
    production = [line for line in text.splitlines() if "resolver" not in line]
    differing = [(one.strip(), other.strip()) for one, other in zip(production, here, strict=True) if one != other]
    assert differing == [
        ("listen 8001;", "listen 127.0.0.1:1234;"),
        ("set $web http://web:8001;", "set $web http://127.0.0.1:4321;"),
        ("alias /recordings/;", "alias /somewhere/;"),
        ("disable_symlinks on from=/recordings;", "disable_symlinks on from=/somewhere;"),
    ]
