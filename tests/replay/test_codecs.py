"""Which codecs a file holds, as soon as it says so."""

from replay.codecs import find_codecs
from tests.recording.segments.conftest import START, Shelf, make_segment
from tests.world import World


def test_a_head_that_is_not_written_yet_is_read_again(world: World, shelf: Shelf) -> None:
    file = shelf.put(world.camera, b"", at=START)
    assert find_codecs(str(shelf.root), file, "") == ()
    shelf.put(world.camera, make_segment(START), at=START)
    assert find_codecs(str(shelf.root), file, "") == ("avc1",)
    (shelf.root / file).unlink()
    assert find_codecs(str(shelf.root), file, "") == ("avc1",)
