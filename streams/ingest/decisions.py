"""What to do next with each picture we carry: pure decisions over frozen records; times are monotonic seconds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ffmpeg.networks import Neighbourhood, Service
from ffmpeg.sources import read_service
from streams.models import StreamState

MEDIA_SERVER = "media_server"
"""The kind of a failure that is MediaMTX's and not the camera's."""
UNAUTHORIZED = "unauthorized"
UNSUPPORTED_CODEC = "unsupported_codec"

LONGEST_DELAY = 30.0
STEADY_SECONDS = 30.0
"""A picture that came for so long forgets the failures before it."""


@dataclass(frozen=True)
class Wish:
    """A picture that this process holds the lease of: from where to where. Two equal wishes need no restart."""

    stream_pk: int
    name: str
    server: str
    """The media server's RTSP address; the picture is published there as `name`."""
    address: str = field(repr=False)
    """The camera's, with its credentials: never for logs."""
    wanted: bool = True
    """False once the wish was dropped, the camera removed or its address emptied."""
    is_lost: bool = False
    """Whether the credentials cannot be opened; `address` then lacks them."""
    neighbourhood: Neighbourhood = field(default=Neighbourhood(), compare=False)
    """Where the camera may be; when that changes, running pictures go on and the next start is judged by it."""

    @property
    def publish_url(self) -> str:
        """Where the picture goes."""
        return f"{self.server.rstrip('/')}/{self.name}"

    @property
    def publishes_to(self) -> Service:
        """Host and port of the media server; no host where its address is none."""
        return read_service(self.server) or ("", 0)


@dataclass(frozen=True)
class Problem:
    """Why a picture does not come, in words for people; never with credentials."""

    kind: str
    text: str


NO_SOUND = Problem(
    "no_sound",
    "The picture comes without its sound, which is coded in a way that cannot be passed on. "
    "Set the camera's sound to AAC or switch it off.",
)


class Phase(StrEnum):
    """Where a relay stands."""

    WAITING = "waiting"  # no process; the next attempt is due at a known time
    STARTING = "starting"  # a process, no picture yet
    LIVE = "live"  # the picture comes
    ENDING = "ending"  # nobody wishes it so any more: told to end, not gone yet


@dataclass(frozen=True)
class Relay:
    """One picture's way from its camera to MediaMTX, as far as we have come with it."""

    wish: Wish
    phase: Phase
    since: float
    """When the phase began."""
    due: float = 0.0
    """WAITING: the next attempt is not before."""
    kill_at: float = 0.0
    """ENDING: patience ends."""
    live_since: float | None = None
    progress_at: float | None = None
    """When the picture last moved on."""
    failures: int = 0
    """In a row."""
    problem: Problem | None = None
    server_failed_at: float | None = None
    """When MediaMTX last did not take this picture."""
    with_sound: bool = True
    """False once a codec could not be carried: mostly it is the sound's, and a silent picture beats none."""

    @property
    def is_steady(self) -> bool:
        """Whether the picture has come long enough to forget what was before."""
        return (
            self.live_since is not None
            and self.progress_at is not None
            and self.progress_at - self.live_since >= STEADY_SECONDS
        )


@dataclass(frozen=True)
class Patience:
    """How long we wait for what, in seconds, and how fast we go."""

    stall: float = 15.0
    first_picture: float = 20.0
    stop: float = 3.0
    lease: float = 15.0
    between_passes: float = 1.0
    """From one look at the rows to the next."""
    starts_per_pass: int = 40
    """500 pictures are back in 13 s, and a machine is not buried in starting programs."""


@dataclass(frozen=True)
class Start:
    """Start a process for this wish."""

    wish: Wish


@dataclass(frozen=True)
class Drop:
    """End what runs and forget it; `at_once` where another process may already carry the picture."""

    stream_pk: int
    at_once: bool


@dataclass(frozen=True)
class GiveUp:
    """Kill this attempt and count it as failed."""

    stream_pk: int
    problem: Problem


@dataclass(frozen=True)
class Kill:
    """It was told to end and did not."""

    stream_pk: int


Action = Start | Drop | GiveUp | Kill


def decide(wishes: Mapping[int, Wish], relays: Mapping[int, Relay], now: float, patience: Patience) -> list[Action]:
    """Give what must be done to make the relays equal the wishes; what must end comes before what may start."""
    ends = [_settle(relay, wishes.get(pk), now, patience) for pk, relay in relays.items()]
    return [*(end for end in ends if end is not None), *_choose_starts(wishes, relays, now, patience)]


def _settle(relay: Relay, wish: Wish | None, now: float, patience: Patience) -> Action | None:
    if relay.phase is Phase.ENDING:
        return Kill(relay.wish.stream_pk) if now >= relay.kill_at else None
    if wish is None:
        return Drop(relay.wish.stream_pk, at_once=True)
    if not wish.wanted or wish != relay.wish:
        return Drop(relay.wish.stream_pk, at_once=False)
    problem = _find_standstill(relay, now, patience)
    return GiveUp(relay.wish.stream_pk, problem) if problem else None


def _find_standstill(relay: Relay, now: float, patience: Patience) -> Problem | None:
    if relay.phase is Phase.STARTING and now - relay.since >= patience.first_picture:
        return Problem(
            "timeout",
            f"The camera sent no picture within {patience.first_picture:.0f} seconds. "
            "Check that it is switched on, not overloaded, and that its address names a video stream.",
        )
    if relay.phase is Phase.LIVE and now - (relay.progress_at or relay.since) >= patience.stall:
        return Problem(
            "stalled",
            f"The picture stood still for {patience.stall:.0f} seconds although the connection was open. "
            "Check the camera and the network between it and us.",
        )
    return None


def _choose_starts(
    wishes: Mapping[int, Wish], relays: Mapping[int, Relay], now: float, patience: Patience
) -> Iterator[Start]:
    """One start per pass feels for a media server that is away; it gets the rest as soon as it takes a picture."""
    due = [(_due_time(wish, relays.get(wish.stream_pk)), wish) for wish in wishes.values() if wish.wanted]
    ready = sorted((when, wish.stream_pk) for when, wish in due if when is not None and when <= now)
    away = find_servers_away(relays)
    felt: set[str] = set()
    left = patience.starts_per_pass
    for _, pk in ready:
        wish = wishes[pk]
        if left == 0:
            return
        if wish.server in felt:
            continue
        if wish.server in away:
            felt.add(wish.server)
        left -= 1
        yield Start(wish)


def _due_time(wish: Wish, relay: Relay | None) -> float | None:
    if relay is None:
        return 0.0
    if relay.phase is not Phase.WAITING:
        return None
    return relay.due if relay.wish == wish else 0.0


def find_servers_away(relays: Mapping[int, Relay]) -> set[str]:
    """Give the media servers that refused a picture after any picture of theirs last moved on."""
    refused: dict[str, float] = {}
    moved: dict[str, float] = {}
    for relay in relays.values():
        server = relay.wish.server
        if relay.server_failed_at is not None:
            refused[server] = max(relay.server_failed_at, refused.get(server, relay.server_failed_at))
        if relay.progress_at is not None:
            moved[server] = max(relay.progress_at, moved.get(server, relay.progress_at))
    return {server for server, when in refused.items() if when >= moved.get(server, when)}


def next_delay(kind: str, failures: int, random: Callable[[], float]) -> float:
    """Give the seconds to wait after this failure; `failures` counts it, `random` gives 0 … 1.

    A camera's own failures: full jitter between 1 s and a ceiling that doubles up to 30 s. A refused password starts
    at 10 s, since cameras lock out who tries too often. MediaMTX's failures: a flat 1 … 3 s.
    """
    if kind == MEDIA_SERVER:
        return 1.0 + 2.0 * random()
    floor = 10.0 if kind == UNAUTHORIZED else 1.0
    # The exponent is bounded since failures are not: a camera may be away for a year.
    ceiling = min(LONGEST_DELAY, floor * 2.0 ** min(failures, 10))
    return floor + (ceiling - floor) * random()


def begin(relay: Relay | None, wish: Wish, now: float) -> Relay:
    """Give the relay of a process just started; its failures in a row go on counting while the wish is the same."""
    if relay is None or relay.wish != wish:
        return Relay(wish, Phase.STARTING, now)
    return replace(relay, wish=wish, phase=Phase.STARTING, since=now, live_since=None, progress_at=None)


def move_on(relay: Relay, now: float) -> Relay:
    """Give the relay after its picture moved on: live, whatever was before."""
    if relay.phase is Phase.LIVE:
        return replace(relay, progress_at=now)
    return replace(
        relay, phase=Phase.LIVE, since=now, live_since=now, progress_at=now, problem=None, server_failed_at=None
    )


def fail(relay: Relay, problem: Problem, now: float, delay_after: Callable[[str, int], float]) -> Relay:
    """Give the relay after its process failed; `delay_after(kind, failures)` gives the seconds until the next."""
    before = 0 if relay.is_steady else relay.failures
    is_servers = problem.kind == MEDIA_SERVER
    failures = before if is_servers else before + 1
    return replace(
        relay,
        phase=Phase.WAITING,
        since=now,
        due=now + delay_after(problem.kind, failures),
        failures=failures,
        problem=problem,
        server_failed_at=now if is_servers else relay.server_failed_at,
        with_sound=relay.with_sound and problem.kind != UNSUPPORTED_CODEC,
        live_since=None,
    )


def end(relay: Relay, now: float, patience: float) -> Relay:
    """Give the relay after its process was told to end; it is killed once the patience, in seconds, is over."""
    return replace(relay, phase=Phase.ENDING, since=now, kill_at=now + patience)


@dataclass(frozen=True)
class Report:
    """What a stream's row should say of it."""

    state: StreamState
    problem_kind: str = ""
    problem: str = ""
    failures: int = 0


def report_on(relay: Relay) -> Report | None:
    """Give what the row should say; None while a relay ends that nobody wishes any more."""
    if relay.phase is Phase.LIVE:
        kind, text = ("", "") if relay.with_sound else (NO_SOUND.kind, NO_SOUND.text)
        return Report(StreamState.LIVE, kind, text, failures=0 if relay.is_steady else relay.failures)
    if relay.problem is not None:
        return Report(StreamState.RETRYING, relay.problem.kind, relay.problem.text, relay.failures)
    return Report(StreamState.STARTING) if relay.phase is Phase.STARTING else None
