"""The script MediaMTX starts when a picture or a file of it comes or goes: it tells the backend, within three seconds.

Started as `python -I -S hook.py online` (or offline, segment_create, segment_complete), once per event, and hundreds
start at once when a switch fails. So it is kept light: one run takes 6 ms of CPU beyond Python's own start (20 ms);
with the module socket it was 20 ms, with http.client 70 ms (two shared cores, 40 runs each). Hence the bare `_socket`,
and hosts as bytes, which spare IDNA. MediaMTX hands on its own environment, from which come VMS_HOOK_URL (http only)
and VMS_HOOK_SECRET. The exit code is always 0: MediaMTX ignores it, and what a hook loses the observer's poll heals.
"""

import _socket
import _thread
import os
import sys
import time

_SECONDS = 3.0
_FIELDS = {
    "online": ("source_type", "source_id"),
    "offline": ("source_type", "source_id"),
    "segment_create": ("segment_path",),
    "segment_complete": ("segment_path", "segment_duration"),
}
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def build_request(event: str, environ: "os._Environ[str] | dict[str, str]") -> tuple[str, int, bytes]:
    """Give (host, port, the bytes of the POST); raises ValueError or KeyError where the environment is unusable."""
    if event not in _FIELDS:
        raise ValueError(f"usage: hook.py {'|'.join(_FIELDS)}")
    scheme, _, rest = environ["VMS_HOOK_URL"].partition("://")
    authority, _, path = rest.partition("/")
    host, port = split_authority(authority)
    secret = environ["VMS_HOOK_SECRET"]
    if scheme != "http" or not host or not f"{rest}{secret}".isprintable() or " " in rest:
        raise ValueError("VMS_HOOK_URL must be http://host:port/path and VMS_HOOK_SECRET one line")
    fields = {"event": event, "path": environ.get("MTX_PATH", "")}
    fields |= {name: environ.get(f"MTX_{name.upper()}", "") for name in _FIELDS[event]}
    body = "&".join(f"{name}={quote(value)}" for name, value in fields.items())
    head = [
        f"POST /{path} HTTP/1.1",
        f"Host: {authority}",
        f"X-Hook-Secret: {secret}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return host, port, ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def split_authority(authority: str) -> tuple[str, int]:
    """Give (host, port) of "host", "host:port" or "[::1]:port"."""
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        return authority.strip("[]"), 80
    return host.strip("[]"), int(port)


def quote(text: str) -> str:
    """Give a text as one form value; the standard library's own would double the script's start-up."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in os.fsencode(text))


def post(host: str, port: int, request: bytes) -> None:
    """Send the request; raises OSError where nobody answers or the answer is not 2xx."""
    connection = connect(host, port)
    connection.sendall(request)
    answer = b""
    while b"\n" not in answer and (piece := connection.recv(200)):
        answer += piece
    connection.close()
    status = answer.partition(b"\r\n")[0].split(b" ")
    if len(status) < 2 or not status[1].startswith(b"2"):
        raise OSError(f"the backend answered {b' '.join(status[1:]).decode(errors='replace') or 'nothing'}")


def connect(host: str, port: int) -> _socket.socket:
    """Give a connection to the first of the host's addresses that accepts one."""
    refusal = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in _socket.getaddrinfo(host.encode(), port, 0, _socket.SOCK_STREAM):
        connection = _socket.socket(family, kind, protocol)
        try:
            connection.connect(address)
        except OSError as error:
            refusal = error
            connection.close()
        else:
            return connection
    raise refusal


def give_up_later(event: str) -> None:
    """End the whole script when its time is over: no socket timeout bounds a name server that does not answer."""
    time.sleep(_SECONDS)
    complain(event, f"no answer within {_SECONDS:.0f} s")
    os._exit(0)


def complain(event: str, reason: object) -> None:
    """Write one line, which MediaMTX passes on to its own output."""
    sys.stderr.write(f"hook {event} {os.environ.get('MTX_PATH', '')}: {reason}\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    """Tell the backend about the event named by the only argument."""
    event = arguments[0] if arguments else ""
    _thread.start_new_thread(give_up_later, (event,))
    try:
        post(*build_request(event, os.environ))
    except KeyError as error:
        complain(event, f"{error.args[0]} is not set")
    except (OSError, ValueError) as error:
        complain(event, error)
    except KeyboardInterrupt:  # MediaMTX's way to say that the path has gone offline while we were still at it
        complain(event, "interrupted")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
