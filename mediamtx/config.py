"""MediaMTX's configuration file: one template, filled with values that cannot break out of their place."""

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path, PurePath, PurePosixPath
from string import Template
from uuid import UUID

from .binary import MEDIAMTX_VERSION
from .durations import parse_duration
from .errors import ForeignConfig, InvalidConfig
from .recording_switch import compose_paths, read_off, replace_off

SEGMENT_SECONDS = 1800.0
"""`recordSegmentDuration` of the template: MediaMTX ends on a `recordDeleteAfter` below it, but for 0."""

_DELETE_AFTER = re.compile(r"(?m)^  recordDeleteAfter: .*$")

_HERE = Path(__file__).resolve().parent
DOCKER_CONFIG = _HERE.parent / "docker" / "mediamtx.yml"


@dataclass(frozen=True, kw_only=True)
class ConfigValues:
    """What differs between one MediaMTX and another; addresses are "host:port", ":port" meaning every interface.

    `record_root` is the absolute folder of the recordings; `hook_command` the argv that gets the event's word
    appended (empty = no hooks); `allow_origins` the sites whose pages may play HLS and WebRTC;
    `webrtc_additional_hosts` the names or IPs under which browsers reach us; `api_networks` who may ask the API (IPs
    or CIDR networks); `metrics_address` where metrics answer (the same networks may ask), None = they are off;
    `record_delete_after` the age at which MediaMTX itself deletes footage, "0s" = never; `authorise_at` the address at
    which MediaMTX asks who may publish and watch. Its user and password go along in a header and, unlike the rest of
    the address, into no log. None = everybody who reaches the ports may. While MediaMTX asks elsewhere it looks at no
    `api_networks`: then the address alone on which the API listens keeps others away from it.
    """

    record_root: PurePath
    api_address: str = "127.0.0.1:9997"
    rtsp_address: str = "127.0.0.1:8554"
    hls_address: str = "127.0.0.1:8888"
    webrtc_address: str = "127.0.0.1:8889"
    webrtc_udp_address: str = "127.0.0.1:8189"
    webrtc_additional_hosts: tuple[str, ...] = ("127.0.0.1",)
    allow_origins: tuple[str, ...] = ()
    api_networks: tuple[str, ...] = ("127.0.0.1", "::1")
    hook_command: tuple[str, ...] = ()
    metrics_address: str | None = None
    record_delete_after: str = "7d"
    authorise_at: str | None = None


# The ports are published, or not, by the compose file; the networks are those that docker gives to containers.
DOCKER_VALUES = ConfigValues(
    record_root=PurePosixPath("/recordings"),
    api_address=":9997",
    rtsp_address=":8554",
    hls_address=":8888",
    webrtc_address=":8889",
    webrtc_udp_address=":8189",
    allow_origins=("http://localhost:8001", "http://127.0.0.1:8001"),
    api_networks=("127.0.0.1", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    hook_command=("/hooks/hook.sh",),
    # Compose gives the same with its secret, in MTX_AUTHHTTPADDRESS.
    authorise_at="http://web:8001/media/authorise",
)


def render_config(values: ConfigValues, *, off: Collection[UUID] = ()) -> str:
    """Give the text of mediamtx.yml, with the recording of the cameras in `off` switched off.

    Raises InvalidConfig where a value would mean something else to MediaMTX than what it says, for instance a `%` in
    the recordings' folder (a date pattern there) or a `$` in the hook's path (a variable there).
    """
    return Template((_HERE / "template.yml").read_text(encoding="utf-8")).substitute(
        version=MEDIAMTX_VERSION,
        authentication=_write_authentication(values),
        api_address=_write(_check_address(values.api_address)),
        metrics=_write_flag(values.metrics_address is not None),
        metrics_address=_write(_check_address(values.metrics_address or "127.0.0.1:9998")),
        rtsp_address=_write(_check_address(values.rtsp_address)),
        hls_address=_write(_check_address(values.hls_address)),
        allow_origins=_write_list(values.allow_origins),
        webrtc_address=_write(_check_address(values.webrtc_address)),
        webrtc_udp_address=_write(_check_address(values.webrtc_udp_address)),
        webrtc_ips_from_interfaces=_write_flag(_listens_everywhere(values.webrtc_udp_address)),
        webrtc_additional_hosts=_write_list(values.webrtc_additional_hosts),
        record_path=_write(_name_record_path(values.record_root)),
        record_delete_after=check_delete_after(values.record_delete_after),
        run_on_online=_write(_name_hook(values.hook_command, "online")),
        run_on_offline=_write(_name_hook(values.hook_command, "offline")),
        run_on_segment_create=_write(_name_hook(values.hook_command, "segment_create")),
        run_on_segment_complete=_write(_name_hook(values.hook_command, "segment_complete")),
        paths=compose_paths(off),
    )


def render_street_config(*, rtsp_address: str) -> str:
    """Give the text of the configuration of the second MediaMTX, which stands for the demo's IP cameras."""
    template = Template((_HERE / "street.yml").read_text(encoding="utf-8"))
    return template.substitute(rtsp_address=_write(_check_address(rtsp_address)))


def check_delete_after(text: str) -> str:
    """Give the duration if MediaMTX takes it for `recordDeleteAfter`: 0, or no less than a segment lasts.

    Raises InvalidConfig, because MediaMTX would end on it.
    """
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise InvalidConfig(str(error)) from error
    if seconds and not SEGMENT_SECONDS <= seconds <= 3650 * 86_400:
        raise InvalidConfig(f"{text!r} is neither 0s nor between 30m (a segment's length) and 3650d")
    return text


def read_off_cameras(path: Path) -> frozenset[UUID]:
    """Give the cameras that a configuration file switches off; none where it is missing, unreadable or not ours."""
    try:
        return read_off(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ForeignConfig):
        return frozenset()


def place_config(source: Path, target: Path, *, delete_after: str = "") -> None:
    """Write `source` to `target`, where MediaMTX reads it, with the cameras that `target` switches off so far.

    `delete_after` replaces `recordDeleteAfter` unless it is empty. A `source` with entries of its own under `paths` is
    taken as it is. Everybody may read a new file: MediaMTX may be another user. Raises InvalidConfig, OSError.
    """
    text = source.read_text(encoding="utf-8")
    if delete_after:
        line = f"  recordDeleteAfter: {check_delete_after(delete_after)}"
        text = _DELETE_AFTER.sub(lambda _found: line, text)
    with contextlib.suppress(ForeignConfig):
        text = replace_off(text, read_off_cameras(target))
    write_config(target, text, new_mode=0o644)


def write_config(path: Path, text: str, *, new_mode: int = 0o600) -> None:
    """Write the file whole or not at all, on disk when this returns; it keeps its owner and mode if there is one.

    MediaMTX reads the file anew whenever it changes and ends if it may not read it. Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    aside.touch(mode=0o600)
    with aside.open("w", encoding="utf-8") as file:
        if path.exists():
            _give_same_readers(file.fileno(), path.stat())
        else:
            os.fchmod(file.fileno(), new_mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    _sync_folder(path.parent)


def _give_same_readers(file: int, wanted: os.stat_result) -> None:
    found = os.fstat(file)
    if (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid):
        os.fchown(file, wanted.st_uid, wanted.st_gid)
    os.fchmod(file, wanted.st_mode & 0o777)


def _sync_folder(folder: Path) -> None:
    """Have a rename in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(text: str) -> str:
    """Give a text as a double-quoted YAML scalar."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidConfig(f"{text!r} is not valid Unicode: rename that file or folder")
    return f'"{"".join(_escape(character) for character in text)}"'


def _escape(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _write_list(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(_write(text) for text in texts)}]"


def _write_flag(flag: bool) -> str:  # noqa: FBT001 -- the flag is the value to write
    return "true" if flag else "false"


_ASK_NOBODY = """\
# Anyone who reaches the ports may publish and read; only these networks may ask the API.
authMethod: internal
authInternalUsers:
  - user: any
    pass:
    ips: []
    permissions:
      - action: publish
      - action: read
  - user: any
    pass:
    ips: {networks}
    permissions:
      - action: api
      - action: metrics
"""

_ASK_THE_VMS = """\
# The VMS says who may publish and who may read; without its answer nobody new gets in, and whoever is in stays.
authMethod: http
authHTTPAddress: {address}
# Were it to ask about these too, it would wait for us while we wait for it. Their addresses are private instead.
authHTTPExclude:
  - action: api
  - action: metrics
  - action: pprof
"""


def _write_authentication(values: ConfigValues) -> str:
    networks = _write_list(tuple(_check_network(network) for network in values.api_networks))
    if values.authorise_at is None:
        return _ASK_NOBODY.format(networks=networks)
    if not values.authorise_at.startswith(("http://", "https://")):
        raise InvalidConfig("the address at which MediaMTX asks who may publish must begin with http:// or https://")
    return _ASK_THE_VMS.format(address=_write(values.authorise_at))


def _check_address(address: str) -> str:
    """Refuse what is not host:port, because MediaMTX would exit on it later and elsewhere."""
    _, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InvalidConfig(f"{address!r} is no address such as 127.0.0.1:8554")
    return address


def _check_network(network: str) -> str:
    try:
        return str(ip_network(network))
    except ValueError as error:
        raise InvalidConfig(f"{network!r} is no IP network such as 10.0.0.0/8 ({error})") from error


def _listens_everywhere(address: str) -> bool:
    """Tell whether the addresses of all interfaces reach us; only then may WebRTC offer them to browsers."""
    host = address.rpartition(":")[0].strip("[]")
    if not host:
        return True
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _name_record_path(root: PurePath) -> str:
    if not root.is_absolute() or "%" in str(root):
        raise InvalidConfig(f"the recordings' folder must be absolute and without a percent sign, not {str(root)!r}")
    return f"{root.as_posix()}/%path/%Y-%m-%d_%H-%M-%S-%f"


def _name_hook(command: tuple[str, ...], event: str) -> str:
    """Give the line that MediaMTX splits like a shell and in which it replaces `$` variables, quoted or not."""
    if not command:
        return ""
    line = shlex.join([*command, event])
    if "$" in line:
        raise InvalidConfig(f"the hook's command must hold no dollar sign: {line}")
    return line


def main(arguments: list[str]) -> int:
    """Write docker/mediamtx.yml anew (`docker`), or put it where a container's MediaMTX reads it (`place FILE`)."""
    match arguments:
        case ["docker"]:
            DOCKER_CONFIG.parent.mkdir(exist_ok=True)
            DOCKER_CONFIG.write_text(render_config(DOCKER_VALUES), encoding="utf-8")
            print(DOCKER_CONFIG)  # noqa: T201 -- this is a command's output
        case ["place", target]:
            return _place(Path(target))
        case _:
            print("usage: python -m mediamtx.config docker | place FILE", file=sys.stderr)  # noqa: T201 -- this is a command's output
            return 2
    return 0


def _place(target: Path) -> int:
    try:
        place_config(DOCKER_CONFIG, target, delete_after=os.environ.get("VMS_RECORD_DELETE_AFTER", ""))
    except (InvalidConfig, OSError) as error:
        print(f"{target} was not written: {error}", file=sys.stderr)  # noqa: T201 -- this is a command's output
        return 1
    print(target)  # noqa: T201 -- this is a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
