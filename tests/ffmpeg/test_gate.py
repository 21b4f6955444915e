"""What is started towards which address, and what the gatekeeper does with a name."""

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from ffmpeg.commands import RelayCommand, relay_command
from ffmpeg.errors import RefusedAddress
from ffmpeg.failures import Failure, FailureKind, explain_failure
from ffmpeg.gate import PLACEHOLDER, guard_relay
from ffmpeg.networks import TEXTS, Neighbourhood, Refusal
from ffmpeg.sources import SourceUrl, parse_source_url

HERE_TOO = Neighbourhood(networks=("127.0.0.0/8", "::1/128"))
SHOW = "import sys; print(sys.argv[1:], repr(sys.stdin.read()))"


def show(source: SourceUrl, *, host_header: str) -> RelayCommand:
    """Stands for the maker of relays: a program that prints what it was given."""
    return RelayCommand((sys.executable, "-c", SHOW, source.redacted, host_header), source.full)


def run(command: RelayCommand) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command.argv, input=command.stdin_text or "", capture_output=True, text=True, timeout=30, check=False
    )


def guard(url: str, around: Neighbourhood = HERE_TOO) -> RelayCommand:
    return guard_relay(parse_source_url(url), around, show)


def test_an_address_in_numbers_is_judged_before_anything_starts() -> None:
    assert guard("rtsp://u:p@10.0.0.5/a", Neighbourhood()).stdin_text == "rtsp://u:p@10.0.0.5/a"
    for url, refusal in (
        ("rtsp://ok@127.0.0.1/a", Refusal.LOOPBACK),
        ("http://169.254.169.254/latest", Refusal.LINK_LOCAL),
        ("rtsp://[::ffff:127.0.0.1]/a", Refusal.WRAPPED),
    ):
        with pytest.raises(RefusedAddress) as refused:
            guard(url, Neighbourhood())
        assert str(refused.value) == TEXTS[refusal]


def test_the_schemes_own_port_counts() -> None:
    with pytest.raises(RefusedAddress):
        guard("http://10.0.0.5/a", Neighbourhood(own=(("10.0.0.5", 80),)))


def test_a_name_is_replaced_by_the_address_that_was_judged() -> None:
    command = guard("rtsp://u:hunter2@localhost./a")
    assert "hunter2" not in " ".join(command.argv)
    assert run(command).stdout == "['rtsp://127.0.0.1/a', ''] 'rtsp://u:hunter2@127.0.0.1/a'\n"


def test_a_name_that_leads_home_is_refused_in_words() -> None:
    ended = run(guard("rtsp://localhost./a", Neighbourhood()))
    failure = explain_failure(ended.stderr, ended.returncode)
    assert (ended.stdout, failure) == ("", Failure(FailureKind.ADDRESS_REFUSED, TEXTS[Refusal.LOOPBACK]))


def test_a_name_that_nobody_knows_is_told_as_such() -> None:
    ended = run(guard("rtsp://nowhere.invalid/a"))
    assert explain_failure(ended.stderr, ended.returncode).kind is FailureKind.DNS
    assert explain_failure("", -signal.SIGALRM).kind is FailureKind.DNS


def test_over_http_the_name_is_said_in_the_header() -> None:
    order = json.loads(guard("http://localhost:81/mjpg").stdin_text or "")
    assert order["argv"][3:] == [f"http://{PLACEHOLDER}:81/mjpg", "localhost:81"]


@pytest.mark.parametrize("url", ["https://localhost/mjpg", "rtsps://localhost/a", "http://localhost/a.m3u8"])
def test_where_the_name_must_be_said_it_stays(url: str) -> None:
    order = json.loads(guard(url).stdin_text or "")
    assert (order["argv"][3:], PLACEHOLDER in str(order["stdin"])) == ([url, ""], False)


def test_our_own_services_with_names_are_looked_up_for_an_address_in_numbers_too() -> None:
    ended = run(guard("rtsp://127.0.0.1:8554/a", Neighbourhood(HERE_TOO.networks, (("localhost", 8554),))))
    assert explain_failure(ended.stderr, ended.returncode).text == TEXTS[Refusal.OUR_OWN]


def test_nothing_is_looked_up_for_an_address_in_numbers_at_a_port_that_is_none_of_ours() -> None:
    around = Neighbourhood(own=(("a-name-server-may-be-slow.invalid", 8554),))
    assert guard("rtsp://u:p@10.0.0.5/a", around).stdin_text == "rtsp://u:p@10.0.0.5/a"


def test_the_real_command_line_goes_through_the_gate() -> None:
    make = partial(relay_command, Path("/bin/ffmpeg"), publish_url="rtsp://127.0.0.1:9/x", encoders={"libx264"})
    source = parse_source_url("http://u:hunter2@cam.example/mjpg")
    order = json.loads(guard_relay(source, Neighbourhood(), make).stdin_text or "")
    assert f"file 'http://u:hunter2@{PLACEHOLDER}/mjpg'\n" in order["stdin"]
    assert "option headers 'Host: cam.example'\n" in order["stdin"]
    assert "cam.example" not in " ".join(order["argv"])
