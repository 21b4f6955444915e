"""Serves pages of `/v3/paths/list` that were written before: `/0/v3/…` gives the first file, `/1/v3/…` the second.

Run as a process of its own, so that serving costs the measured process nothing: `python -m bench.replay FILE FILE`.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

INFO = b'{"version":"v1.20.1","started":"2026-01-27T11:00:00Z"}'


class Replay(BaseHTTPRequestHandler):
    """Answers the list and the info."""

    pages: ClassVar[list[bytes]] = []

    def do_GET(self) -> None:
        """Give the page of the number that the path begins with."""
        body = INFO if self.path.endswith("/info") else self.pages[int(self.path[1])]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name in the class we override
        """Keep quiet."""


def main(files: list[str]) -> None:
    """Serve until killed or until nobody holds our standard input any more; the port is the only line of output."""
    Replay.pages = [Path(file).read_bytes() for file in files]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Replay)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
