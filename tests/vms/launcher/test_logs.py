"""The services' logs: last words, and a bound."""

from pathlib import Path

from vms.launcher.logs import cap_log, read_last_lines


def test_last_lines_skip_blank_ones(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("one\n\ntwo\n  \nthree\n", encoding="utf-8")
    assert read_last_lines(log, 2) == ["two", "three"]
    assert read_last_lines(tmp_path / "none.log", 2) == []


def test_large_log_is_set_aside_and_written_on(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    with log.open("ab", buffering=0) as service:
        service.write(b"a" * 100)
        cap_log(log, largest=100)
        assert log.stat().st_size == 100
        service.write(b"b")
        cap_log(log, largest=100)
        service.write(b"c")
    assert log.read_bytes() == b"c"
    assert (tmp_path / "x.log.1").read_bytes() == b"a" * 100 + b"b"
