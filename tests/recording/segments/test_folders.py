"""Which folders a look lists: those that changed, and those it could not see whole, more and more seldom."""

from uuid import uuid4

from recording.segments.folders import LONGEST_REST, SETTLED_NS, Folders

CAMERA = uuid4()
CHANGED, LATER = 10**9, 10**9 + SETTLED_NS


def count_rests(folders: Folders, listings: int, refused: list[str]) -> list[int]:
    """Give how many looks passed before each listing of a folder that never changes."""
    rests: list[int] = []
    while len(rests) < listings:
        rests.append(0)
        while not rests[-1] or not folders.wants_listing(CAMERA, CHANGED):
            folders.count_look()
            rests[-1] += 1
        folders.note(CAMERA, CHANGED, LATER + 1, refused)
    return rests


def test_a_folder_that_did_not_change_is_not_listed_again() -> None:
    folders = Folders()
    assert (folders.wants_listing(CAMERA, CHANGED), folders.wants_listing(CAMERA, None)) == (True, False)
    folders.note(CAMERA, CHANGED, LATER, [])
    assert folders.wants_listing(CAMERA, CHANGED) is True  # too young to be sure
    folders.note(CAMERA, CHANGED, LATER + 1, [])
    assert (folders.wants_listing(CAMERA, CHANGED), folders.wants_listing(CAMERA, CHANGED + 1)) == (False, True)


def test_the_same_refusal_lets_it_rest_longer_each_time() -> None:
    folders = Folders()
    assert count_rests(folders, 9, ["a", "b"]) == [1, 1, 2, 4, 8, 16, 32, LONGEST_REST, LONGEST_REST]
    assert folders.in_trouble == [CAMERA]


def test_another_refusal_is_asked_for_soon_and_none_ends_it() -> None:
    folders = Folders()
    count_rests(folders, 6, ["a"])
    assert count_rests(folders, 3, ["a", "new"]) == [32, 1, 2]
    folders.note(CAMERA, CHANGED, LATER + 1, [])
    folders.count_look()
    assert (folders.in_trouble, folders.wants_listing(CAMERA, CHANGED)) == ([], False)
