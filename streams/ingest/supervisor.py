"""The ingest's one loop: makes the running pictures equal the wished ones and writes what became of them."""

import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cameras.credentials import CredentialsLost
from ffmpeg.errors import FFmpegError, RefusedAddress
from ffmpeg.networks import TEXTS, Peer, judge_peers
from streams.ingest.carriers import Carriers, Gone, MovedOn
from streams.ingest.database import Database
from streams.ingest.decisions import (
    Action,
    Drop,
    GiveUp,
    Kill,
    Patience,
    Phase,
    Problem,
    Relay,
    Report,
    Start,
    begin,
    decide,
    end,
    fail,
    move_on,
    next_delay,
    report_on,
)
from streams.ingest.leases import Held, Leases
from streams.ingest.peers import find_peers
from streams.ingest.stopping import StopRequest

logger = logging.getLogger(__name__)

TICK = 0.2
"""Seconds between two looks at the processes: hundreds of progress lines a second are read in five gulps."""

BETWEEN_PEERS = 2.0
"""Seconds between two looks at whom the processes are connected to."""

CLAIMS_PER_PASS = 40
"""So several processes that start together share, and 500 orphans of a dead one are taken over within 13 passes."""


@dataclass
class Supervisor:
    """Carries up to `limit` pictures whose leases it holds. Works in `every_city`; one thread only."""

    leases: Leases
    carriers: Carriers
    database: Database
    limit: int
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    peers: Callable[[Iterable[int]], Mapping[int, Sequence[Peer]]] = find_peers
    pulse: Callable[[], None] = lambda: None
    _relays: dict[int, Relay] = field(default_factory=dict)
    _held: dict[int, Held] = field(default_factory=dict)
    _pass_due: float = 0.0
    _peers_due: float = 0.0
    _renewed_at: float = float("-inf")

    @property
    def relays(self) -> Mapping[int, Relay]:
        """How far we have come with each picture, by the stream's primary key."""
        return self._relays

    def run(self, stop: StopRequest) -> None:
        """Loop until asked to stop, then end everything and give the leases back."""
        try:
            while not stop.wait(TICK):
                self.run_once()
                self.pulse()
        finally:
            self.close()

    def run_once(self) -> None:
        """Look at the processes and, where it is time, at the rows."""
        now = self.clock()
        self._look_at_processes(now)
        if now >= self._pass_due:
            self._pass_due = now + self.patience.between_passes
            self._make_pass(now)
        if now >= self._peers_due:
            self._peers_due = now + BETWEEN_PEERS
            self._look_at_peers(now)

    def close(self) -> None:
        """End every process, by force after `patience.stop` seconds, and let others have the leases at once."""
        self.carriers.end_all(self.patience.stop)
        self._relays.clear()
        self.database.ask(self.leases.release_all, self.clock())

    def _look_at_processes(self, now: float) -> None:
        for event in self.carriers.look():
            relay = self._relays[event.stream_pk]
            match event:
                case MovedOn():
                    self._note_progress(relay, now)
                case Gone(problem=problem):
                    self._note_gone(relay, problem, now)

    def _note_progress(self, relay: Relay, now: float) -> None:
        if relay.phase is Phase.STARTING:
            logger.info("%s live", relay.wish.name)
        if relay.phase is not Phase.ENDING:
            self._relays[relay.wish.stream_pk] = move_on(relay, now)

    def _note_gone(self, relay: Relay, problem: Problem, now: float) -> None:
        if relay.phase is Phase.ENDING:
            self._forget(relay, now)
        else:
            self._note_failure(relay, problem, now)

    def _note_failure(self, relay: Relay, problem: Problem, now: float) -> None:
        failed = fail(relay, problem, now, self._delay_after)
        self._relays[relay.wish.stream_pk] = failed
        is_news = relay.problem is None or relay.problem.kind != problem.kind
        level = logging.WARNING if is_news else logging.DEBUG
        logger.log(level, "%s retrying in %.0f s: %s", relay.wish.name, failed.due - now, problem.text)

    def _delay_after(self, kind: str, failures: int) -> float:
        """While our leases may have run out unseen, we come back so slowly that a new holder is hardly disturbed."""
        delay = next_delay(kind, failures, self.random)
        is_blind = self.clock() - self._renewed_at > self.patience.lease
        return max(delay, self.patience.lease) if is_blind else delay

    def _forget(self, relay: Relay, now: float) -> None:
        logger.info("%s stopped", relay.wish.name)
        del self._relays[relay.wish.stream_pk]
        # What ended because its wish changed starts anew without waiting for the next second.
        self._pass_due = now

    def _make_pass(self, now: float) -> None:
        held = self.database.ask(lambda: self._read_leases(now), now)
        if held is not None:
            self._held = held
        wishes = {pk: holding.wish for pk, holding in self._held.items()}
        for action in decide(wishes, self._relays, now, self.patience):
            self._act(action, now)
        if held is not None:
            self.database.ask(self._write_rows, now)

    def _read_leases(self, now: float) -> dict[int, Held]:
        if now - self._renewed_at >= self.patience.lease / 3:
            self.leases.renew()
            self._renewed_at = now
            self.leases.end_those_of_the_dead()
            self.leases.tidy()
        room = min(CLAIMS_PER_PASS, self.limit - len(self._held))
        if room > 0:
            self.leases.claim(room)
        return self.leases.read()

    def _look_at_peers(self, now: float) -> None:
        """End what is connected to where its camera may not be: redirected, or led there by a playlist."""
        pids = self.carriers.pids()
        peers = self.peers(pids.values())
        for pk, pid in pids.items():
            relay = self._relays[pk]
            wish = self._held[pk].wish if pk in self._held else relay.wish
            refusal = judge_peers(peers.get(pid, []), wish.neighbourhood, wish.publishes_to)
            if refusal and relay.phase is not Phase.ENDING:
                self.carriers.discard(pk)
                self._note_failure(relay, Problem(RefusedAddress.kind, TEXTS[refusal]), now)

    def _act(self, action: Action, now: float) -> None:
        match action:
            case Start(wish=wish):
                self._start(begin(self._relays.get(wish.stream_pk), wish, now), now)
            case Drop(stream_pk=pk, at_once=at_once):
                self._drop(self._relays[pk], now, at_once=at_once)
            case GiveUp(stream_pk=pk, problem=problem):
                self.carriers.discard(pk)
                self._note_failure(self._relays[pk], problem, now)
            case Kill(stream_pk=pk):
                self.carriers.kill(pk)

    def _start(self, relay: Relay, now: float) -> None:
        self._relays[relay.wish.stream_pk] = relay
        try:
            self.carriers.start(relay.wish, with_sound=relay.with_sound)
        except (FFmpegError, CredentialsLost) as error:
            self._note_failure(relay, Problem(error.kind, str(error)), now)

    def _drop(self, relay: Relay, now: float, *, at_once: bool) -> None:
        pk = relay.wish.stream_pk
        if relay.phase is Phase.WAITING:
            self._forget(relay, now)
        elif at_once:
            logger.warning("%s is another ingest process's now, or gone", relay.wish.name)
            self.carriers.discard(pk)
            self._forget(relay, now)
        else:
            self.carriers.end(pk)
            self._relays[pk] = end(relay, now, self.patience.stop)

    def _write_rows(self) -> None:
        news = self._collect_news()
        if news:
            self.leases.tell(news)
        done = [pk for pk, held in self._held.items() if not held.wish.wanted and pk not in self._relays]
        if done:
            self.leases.release(done)

    def _collect_news(self) -> dict[int, Report]:
        news = {}
        for pk, held in self._held.items():
            relay = self._relays.get(pk)
            report = report_on(relay) if relay is not None and held.wish.wanted else None
            if report is not None and report != held.told:
                news[pk] = report
        return news
