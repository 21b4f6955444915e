"""What is known at one moment of media servers, cities' shares in them, and cameras that may be in trouble."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class ServerFacts:
    """A media server: whether it answers, and what was last measured of its disk.

    `delete_after_seconds` is MediaMTX's own `recordDeleteAfter`; `promised_days` the longest promise of any city.
    """

    pk: int
    reach: str
    reach_changed_at: datetime | None = None
    snapshot_at: datetime | None = None
    grace_until: datetime | None = None
    is_disk_full: bool = False
    refuses_since: datetime | None = None
    is_in_doubt: bool = False
    delete_after_seconds: int | None = None
    promised_days: int | None = None
    is_config_stale: bool = False


@dataclass(frozen=True)
class Share:
    """A city's part of a media server: cameras whose picture is wanted, and of these those to be recorded.

    `yields_days` and `promised_days` are the forecast's, None without one.
    """

    city_id: UUID
    server_id: int
    wanted: int
    recording: int = 0
    yields_days: float | None = None
    promised_days: int | None = None


@dataclass(frozen=True)
class CameraFacts:
    """A camera of which something is counted: `count` says of what, depending on the list it stands in."""

    camera_id: UUID
    city_id: UUID
    server_id: int
    count: int = 0


@dataclass(frozen=True)
class Missing:
    """A wanted camera that was not in the last valid snapshots, `misses` of them, and was last seen at `since`."""

    camera_id: UUID
    city_id: UUID
    server_id: int
    since: datetime
    misses: int


@dataclass(frozen=True)
class Unmet:
    """A camera that is to be recorded and of which no footage grew since that moment."""

    camera_id: UUID
    city_id: UUID
    server_id: int
    since: datetime
    is_online: bool


@dataclass(frozen=True)
class CityCount:
    """Something counted for a city on a media server: segments, and of how many cameras where that is known."""

    city_id: UUID
    server_id: int
    segments: int
    cameras: int = 0


@dataclass(frozen=True)
class Facts:
    """Everything that alarms are derived from.

    `restless` counts comings and goings in ten minutes, `resets` recordings begun in an hour that no outage explains,
    `damaged` damaged segments of the last day. `frozen` holds the online cameras without bytes; a server that stands
    not in `frozen_known` gave no hint of them.
    """

    servers: Mapping[int, ServerFacts]
    shares: tuple[Share, ...] = ()
    missing: tuple[Missing, ...] = ()
    unmet: tuple[Unmet, ...] = ()
    restless: tuple[CameraFacts, ...] = ()
    resets: tuple[CameraFacts, ...] = ()
    damaged: tuple[CameraFacts, ...] = ()
    frozen: tuple[CameraFacts, ...] = ()
    frozen_known: frozenset[int] = field(default_factory=frozenset)
    early: tuple[CityCount, ...] = ()
    undeletable: tuple[CityCount, ...] = ()
