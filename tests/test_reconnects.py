"""Two cities' clients who all come back at once, to the same addresses, through the real web server and its threads."""

import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Barrier

import pytest
from django.test import Client

from tests.gunicorn import WebServer, run_gunicorn
from tests.two_cities import Caller, furnish
from tests.world import World

CLIENTS = 100
ROUNDS = 3
API = ["/api/v1/cameras", "/api/v1/streams", "/api/v1/holds", "/api/v1/gaps", "/api/v1/alarms", "/api/v1/coverage.csv"]
PAGES = ["/", "/wall/states", "/coverage?month=2026-01"]
PRIVATE = {"no-store", "private"}


def cookie_of(caller: Caller) -> str:
    browser = Client()
    browser.force_login(caller.user)
    return f"sessionid={browser.cookies['sessionid'].value}"


@pytest.mark.integration
@pytest.mark.timeout(120)
def test_while_a_hundred_clients_reconnect_nobody_gets_the_other_city_s_answer(
    transactional_db: None, world: World
) -> None:
    callers = furnish(world)
    cookies = [cookie_of(caller) for caller in callers]
    gate = Barrier(CLIENTS)
    began = time.monotonic()
    with run_gunicorn() as server, ThreadPoolExecutor(CLIENTS) as pool:
        began = time.monotonic()
        faults = list(
            pool.map(
                lambda number: come_back(server, gate, callers[number % 2], cookies[number % 2], number), range(CLIENTS)
            )
        )
    assert [fault for found in faults for fault in found] == []
    assert time.monotonic() - began < 60


def come_back(server: WebServer, gate: Barrier, caller: Caller, cookie: str, number: int) -> list[str]:
    """Ask several times, each on a new line, all clients at the same moment and for the same; give what was wrong."""
    gate.wait()
    wrong = []
    for turn in range(ROUNDS):
        place = number // 2 + turn
        api, page = API[place % len(API)], PAGES[place % len(PAGES)]
        wrong += judge(caller, api, *ask(server, api, caller.headers))
        wrong += judge(caller, page, *ask(server, page, {"Cookie": cookie}))
    return wrong


def ask(server: WebServer, path: str, headers: dict[str, str]) -> tuple[int, str, str]:
    line = HTTPConnection("127.0.0.1", server.port, timeout=60)
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    text = answer.read().decode()
    line.close()
    return answer.status, str(answer.headers), text


def judge(caller: Caller, path: str, status: int, headers: str, text: str) -> list[str]:
    kept = {
        part.strip()
        for line in headers.splitlines()
        if line.lower().startswith("cache-control:")
        for part in line.partition(":")[2].split(",")
    }
    faults = {
        f"{path} answered {status}": status != 200,
        f"{path} may be kept: {sorted(kept)}": not kept & PRIVATE,
        f"{path} showed the other city": any(secret in text + headers for secret in caller.secrets),
        f"{path} showed nothing of the own": path != "/wall/states" and not shows(caller, text),
    }
    return [fault for fault, is_so in faults.items() if is_so]


def shows(caller: Caller, text: str) -> bool:
    return caller.ids["camera_id"] in text or caller.city.name in text
