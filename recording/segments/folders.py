"""What this process remembers of folders it listed: in which nothing is new, and which it could not see whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

SETTLED_NS = 2 * 10**9
"""A folder changed less than this ago may have got another file in the same tick of the file system's clock."""

LONGEST_REST = 60
"""Looks, one each 10 s: a folder that is not seen whole for good is listed again every ten minutes."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What was refused, for how many looks the folder rests, and at which it is due again."""

    refused: frozenset[str]
    rest: int
    due: int


class Folders:
    """The folders of one media server. Only a memory of this process: a new one lists each folder once.

    A folder that did not change since it was listed has no new file. Where something was refused it is listed again
    all the same, at the next look, and while the same is refused after twice as many looks each time.
    """

    def __init__(self) -> None:
        self._looks = 0
        self._settled: dict[UUID, int] = {}
        self._troubles: dict[UUID, _Trouble] = {}

    @property
    def in_trouble(self) -> list[UUID]:
        """The cameras whose folders could not be seen whole."""
        return list(self._troubles)

    def count_look(self) -> None:
        """Say that another look begins."""
        self._looks += 1

    def wants_listing(self, camera_id: UUID, changed_at: int | None) -> bool:
        """Say whether the folder, changed at this time by the file system (None: there is none), must be listed."""
        trouble = self._troubles.get(camera_id)
        is_due = trouble is not None and trouble.due <= self._looks
        return is_due or changed_at != self._settled.get(camera_id)

    def note(self, camera_id: UUID, changed_at: int, now_ns: int, refused: Iterable[str]) -> None:
        """Remember a folder that was listed when it had this time, and what of it was refused."""
        if changed_at < now_ns - SETTLED_NS:
            self._settled[camera_id] = changed_at
        before, names = self._troubles.pop(camera_id, None), frozenset(refused)
        if names:
            rest = min(before.rest * 2, LONGEST_REST) if before and before.refused == names else 1
            self._troubles[camera_id] = _Trouble(names, rest, self._looks + rest)
