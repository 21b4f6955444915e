"""Servers that accept every connection and never say a word, as a machine does whose programs hang."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def mute_servers(count: int) -> Iterator[list[str]]:
    """Give their addresses. The kernel takes in who connects; nobody ever reads what they ask."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64)) for _ in range(count)]
        yield [f"http://127.0.0.1:{server.getsockname()[1]}" for server in servers]
