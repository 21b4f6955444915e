"""The processes that carry pictures: started, listened to without ever blocking, ended, reaped."""

import selectors
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils import timezone

from ffmpeg.commands import RelayCommand
from ffmpeg.process import RelayProcess, start_relay
from streams.ingest.decisions import Problem, Wish


@dataclass(frozen=True)
class MovedOn:
    """This picture has moved on since the last look."""

    stream_pk: int


@dataclass(frozen=True)
class Gone:
    """This process is gone, and why."""

    stream_pk: int
    problem: Problem


class CommandMaker(Protocol):
    """Gives what to start for a wish; FFmpegError where its address is not safe, CredentialsLost without them."""

    def __call__(self, wish: Wish, *, with_sound: bool) -> RelayCommand: ...


@dataclass
class _Carrier:
    process: RelayProcess
    pipes: tuple[int, ...]
    moved_at: datetime | None = None


class Carriers:
    """One process for each picture, by the stream's primary key."""

    def __init__(self, make_command: CommandMaker, clock: Callable[[], datetime] = timezone.now) -> None:
        self._make_command = make_command
        self._clock = clock
        self._running: dict[int, _Carrier] = {}
        self._killed: list[RelayProcess] = []
        self._selector = selectors.DefaultSelector()

    def start(self, wish: Wish, *, with_sound: bool) -> None:
        """Start carrying; FFmpegError where the address is not safe or the system starts no process.

        Raises CredentialsLost where they cannot be opened.
        """
        process = start_relay(self._make_command(wish, with_sound=with_sound), self._clock())
        carrier = _Carrier(process, process.filenos())
        for pipe in carrier.pipes:
            self._selector.register(pipe, selectors.EVENT_READ, wish.stream_pk)
        self._running[wish.stream_pk] = carrier

    def look(self) -> Iterator[MovedOn | Gone]:
        """Read what the processes have said and reap those that are gone; never blocks."""
        for stream_pk in {key.data for key, _ in self._selector.select(0)}:
            if self._listen(self._running[stream_pk]):
                yield MovedOn(stream_pk)
        for stream_pk, carrier in list(self._running.items()):
            if carrier.process.poll() is not None:
                self._take_off(stream_pk)
                failure = carrier.process.explain_end(self._clock())
                yield Gone(stream_pk, Problem(failure.kind.value, failure.text))
        self._killed = [process for process in self._killed if process.poll() is None]

    def pids(self) -> dict[int, int]:
        """Give the processes that run, by the stream's primary key."""
        return {stream_pk: carrier.process.pid for stream_pk, carrier in self._running.items()}

    def end(self, stream_pk: int) -> None:
        """Ask the process to end; `look` tells when it is gone."""
        self._running[stream_pk].process.terminate(self._clock())

    def kill(self, stream_pk: int) -> None:
        """Force the process to end; `look` tells when it is gone."""
        self._running[stream_pk].process.process.kill()

    def discard(self, stream_pk: int) -> None:
        """Force the process to end and say no more of it."""
        process = self._take_off(stream_pk)
        process.process.kill()
        process.close()
        self._killed.append(process)

    def end_all(self, patience: float) -> None:
        """End every process, after `patience` seconds by force, and wait until none is left, or hardly longer."""
        for stream_pk in self._running:
            self.end(stream_pk)
        deadline = time.monotonic() + patience
        # Not even force ends a process that hangs in the kernel, for instance on a dead network disk.
        while (self._running or self._killed) and time.monotonic() < deadline + 2:
            if time.monotonic() >= deadline:
                for stream_pk in list(self._running):
                    self.discard(stream_pk)
            time.sleep(0.02)
            list(self.look())

    def _listen(self, carrier: _Carrier) -> bool:
        """Read what this process has said; give whether its picture has moved on."""
        process = carrier.process
        process.read_available(self._clock())
        # A pipe at its end was closed: its number may be another file's in a moment.
        for pipe in set(carrier.pipes) - set(process.filenos()):
            self._selector.unregister(pipe)
        carrier.pipes = process.filenos()
        before, carrier.moved_at = carrier.moved_at, process.last_moved_at
        return carrier.moved_at != before

    def _take_off(self, stream_pk: int) -> RelayProcess:
        carrier = self._running.pop(stream_pk)
        for pipe in carrier.pipes:
            self._selector.unregister(pipe)
        return carrier.process
