"""Looking many hosts up at once, within one time for all."""

import queue
import socket
import threading
from ipaddress import ip_address

import pytest

from ffmpeg.networks import Address
from inventory.imports.hosts import look_up_hosts


def test_each_host_is_asked_once_and_what_was_found_asks_nobody_any_more() -> None:
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()

    def lookup(host: str) -> list[Address]:
        asked.put(host)
        if host == "nowhere.example":
            raise socket.gaierror("unknown")
        return [ip_address("10.0.0.5")]

    names = [f"camera-{number}.example" for number in range(100)]
    find = look_up_hosts([*names, *names, "nowhere.example"], lookup)
    assert [find(name) for name in names] == [[ip_address("10.0.0.5")]] * 100
    with pytest.raises(OSError, match="nowhere"):
        find("nowhere.example")
    assert sorted(asked.get_nowait() for _ in range(101)) == sorted([*names, "nowhere.example"])
    assert asked.empty()


def test_a_name_server_that_is_away_costs_one_time_for_all_and_is_asked_no_more() -> None:
    away = threading.Event()
    begun: queue.SimpleQueue[str] = queue.SimpleQueue()
    before = set(threading.enumerate())

    def lookup(host: str) -> list[Address]:
        begun.put(host)
        away.wait()
        return [ip_address("10.0.0.5")]

    find = look_up_hosts([f"camera-{number}.example" for number in range(1000)], lookup, seconds=0.05)
    with pytest.raises(OSError, match="camera-0"):
        find("camera-0.example")
    away.set()
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert begun.qsize() == 32
