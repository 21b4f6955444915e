"""Asks a web server over several connections at once, in a process of its own; prints the seconds of each answer.

`python load.py PORT PATH CONNECTIONS EACH HEADERS`: the headers as JSON.
"""

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def ask_many(port: int, path: str, each: int, headers: dict[str, str]) -> list[float]:
    """Ask one after another over one connection."""
    line, taken = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
    for _ in range(each):
        began = time.perf_counter()
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        answer.read()
        taken.append(time.perf_counter() - began)
        assert answer.status == http.client.OK, answer.status
    line.close()
    return taken


def main(port: str, path: str, connections: str, each: str, headers: str) -> None:
    """Ask over all connections, and print the answers' seconds."""
    count, told = int(connections), json.loads(headers)
    with ThreadPoolExecutor(count) as pool:
        found = list(pool.map(lambda _: ask_many(int(port), path, int(each), told), range(count)))
    print(json.dumps([seconds for taken in found for seconds in taken]))


if __name__ == "__main__":
    main(*sys.argv[1:])
