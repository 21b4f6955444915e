"""What the tests of played footage share: files on a shelf, their rows, and the addresses of a playlist."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import m3u8
import pytest

from cameras.models import Camera
from recording.models import Segment
from recording.segments.disk import list_files
from recording.segments.index import index_files
from replay import codecs, playlists
from replay.services import VIEWS
from replay.throttling import QUESTIONS
from tests.recording.gaps.conftest import every
from tests.recording.segments.conftest import START, Shelf, make_segment, shelf
from tests.world import ApiClient, World

__all__ = ["every", "shelf"]
END = START + timedelta(seconds=12)


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """A process that remembers nothing of other tests."""
    playlists.TEXTS.forget_all()
    codecs._read_codecs.cache_clear()
    QUESTIONS.forget()
    VIEWS.forget()


@pytest.fixture
def client(world: World) -> ApiClient:
    return ApiClient(world.viewer, world.city)


def shelve(shelf: Shelf, camera: Camera, start: datetime = START, **more: Any) -> Segment:
    """Put a file of three fragments of 4 s on the shelf and into the index."""
    file = shelf.put(camera, make_segment(start, **more), at=start)
    index_files(shelf.server, list_files(shelf.root, camera.pk).files, datetime.now(UTC))
    return Segment.objects.get(file=file)


def spell(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def ask_playlist(
    client: ApiClient, camera: Camera, start: datetime = START, end: datetime | None = END, **more: str
) -> Any:
    """Ask for a playlist; give the answer."""
    asked = {"from": spell(start)} | ({"to": spell(end)} if end else {}) | more
    return client.get(f"/api/v1/cameras/{camera.pk}/replay.m3u8", asked)


def read_playlist(answer: Any) -> Any:
    """Read it as another does."""
    assert answer.status_code == 200, answer.content
    return m3u8.loads(answer.content.decode())


def address_of(answer: Any, name: str = "a.mp4") -> str:
    """Give the first address of this name in a playlist."""
    match = re.search(rf'/footage/[^/"]+/{re.escape(name)}', answer.content.decode())
    assert match, answer.content
    return match[0]
