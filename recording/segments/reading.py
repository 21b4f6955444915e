"""Reading batches of files for the index: here, or as all that a process does which another one started.

A pass over a full disk costs little but Python's own work, and a process has one core for that.
"""

import gc
import os
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, NamedTuple

from recording.segments.decisions import DiskFile, SegmentFacts
from recording.segments.memory import read_file
from recording.segments.scanning import POLITENESS


class Order(NamedTuple):
    """Files to read below a folder of recordings; `now` is the moment before the first is looked at."""

    root: str
    files: Sequence[DiskFile]
    now: datetime


@dataclass
class Reading:
    """What a batch of files says: the rows they deserve, and with the disk's own words those it did not give."""

    facts: list[SegmentFacts] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def read_batch(order: Order) -> Reading:
    """Read the files; one that is gone since it was listed is left out."""
    done = Reading()
    for file in order.files:
        try:
            done.facts.append(read_file(order.root, file, order.now))
        except FileNotFoundError:
            continue
        except OSError as error:
            done.refused.append((file.file, str(error)))
    return done


def send(message: object, to: IO[bytes]) -> None:
    """Write a message for the process at the other end. Raises OSError where nobody is there."""
    pickle.dump(message, to, pickle.HIGHEST_PROTOCOL)
    to.flush()


def send_order(order: Order, to: IO[bytes]) -> None:
    """Order a batch; plain tuples take half the time."""
    send((order.root, list(map(tuple, order.files)), order.now), to)


def receive_order(source: IO[bytes]) -> Order:
    """Give what `send_order` wrote. Raises EOFError after the last."""
    root, files, now = pickle.load(source)  # noqa: S301 -- the pipe of the process that started us
    return Order(root, [DiskFile(*file) for file in files], now)


def send_reading(reading: Reading, to: IO[bytes]) -> None:
    """Answer an order."""
    send((list(map(tuple, reading.facts)), reading.refused), to)


def receive_reading(source: IO[bytes]) -> Reading:
    """Give what `send_reading` wrote. Raises EOFError where the other process is gone."""
    facts, refused = pickle.load(source)  # noqa: S301 -- the pipe of a process that we started
    return Reading(list(map(SegmentFacts._make, facts)), refused)


def serve(orders: IO[bytes], answers: IO[bytes]) -> None:
    """Read what is ordered until nobody orders any more."""
    while True:
        try:
            order = receive_order(orders)
        except EOFError:
            return
        send_reading(read_batch(order), answers)
        gc.collect()


def main() -> None:
    """Serve whoever started this process, and nobody else."""
    os.nice(POLITENESS)
    # What is read are plain values by the thousand, among which the collector would search again and again for rings.
    gc.disable()
    # What was loaded by now stays: to search it after each batch would take as long as to read a hundred files.
    gc.freeze()
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
