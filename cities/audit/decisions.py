"""The chain: each entry's digest holds the one before it. Pure, no I/O."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

FIRST = ""
"""What the first entry of a chain has in the place of a digest before it."""


@dataclass(frozen=True)
class Link:
    """One entry as it is digested; `city` is "" in the platform's own chain."""

    city: str
    number: int
    at: datetime
    actor_id: int | None
    actor: str
    address: str
    action: str
    subject_type: str
    subject_id: str
    subject: str
    reason: str
    facts: dict[str, Any]
    previous_digest: str


def digest_link(link: Link) -> str:
    """Give the SHA-256 of the entry's canonical JSON: sorted keys, no blanks, UTC to the microsecond."""
    plain = asdict(link) | {"at": link.at.astimezone(UTC).isoformat(timespec="microseconds")}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def find_break(links: Iterable[tuple[Link, str]]) -> str:
    """Say where a chain is broken, in words; "" for a whole one. Wants entries in order, with their stored digests."""
    previous, expected = FIRST, 1
    for link, digest in links:
        if link.number != expected:
            return f"entry {expected} is missing: {link.number} follows {expected - 1}"
        if link.previous_digest != previous:
            return f"entry {link.number} does not follow the entry before it"
        if digest_link(link) != digest:
            return f"entry {link.number} was changed"
        previous, expected = digest, expected + 1
    return ""
