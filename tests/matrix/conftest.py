"""The full world, built once: each test runs in a savepoint of the transaction that holds it."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.db import transaction

from observers.status import stream
from replay.pictures import api as pictures
from replay.pictures.frames import Frame
from tests.matrix.full_world import FullWorld, build_full_world
from tests.world import NOW


@pytest.fixture(scope="package")
def _full_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[FullWorld]:
    """Hold the world in a transaction that is never committed: building it takes longer than most of its tests."""
    block = transaction.atomic()
    with django_db_blocker.unblock():
        block.__enter__()
        world = build_full_world()
    yield world
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


@pytest.fixture
def full(_full_world: FullWorld, db: None) -> FullWorld:
    """Give a world in which both cities have one of everything; what the test changes in it is undone."""
    return deepcopy(_full_world)


@pytest.fixture(autouse=True)
def _no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pictures without footage: who may see them is what is asked here."""
    monkeypatch.setattr(pictures, "make_frame", lambda *_, **__: Frame(b"a picture", NOW))


@pytest.fixture(autouse=True)
def _end_streams_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stream of events end after its first round."""
    monkeypatch.setattr(stream, "ROUND_SECONDS", 0.02)
    monkeypatch.setattr(stream, "LONGEST_SECONDS", 0.01)
