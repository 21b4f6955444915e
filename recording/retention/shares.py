"""How the room of a disk is divided among cities: nobody's noise may eat another's days."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

Key = TypeVar("Key")


@dataclass(frozen=True)
class Claim:
    """`weight`: the camera-days a city was promised, whatever its cameras write; `need`: the bytes it would fill."""

    weight: float
    need: float


def divide_room(room: float, claims: Mapping[Key, Claim]) -> dict[Key, float]:
    """Give the bytes each may fill: nobody more than its need while another lacks some, the lacking ones by weight.

    Max-min fairness: who needs less than its part leaves the rest to the others. What all leave is divided by weight.
    """
    given: dict[Key, float] = {}
    left, open_claims = max(0.0, room), dict(claims)
    while open_claims:
        part = left / (sum(claim.weight for claim in open_claims.values()) or 1.0)
        modest = [key for key, claim in open_claims.items() if claim.need <= part * claim.weight]
        if not modest:
            return given | {key: part * claim.weight for key, claim in open_claims.items()}
        for key in modest:
            given[key] = open_claims.pop(key).need
            left -= given[key]
    weights = sum(claim.weight for claim in claims.values()) or 1.0
    return {key: bytes_given + left * claims[key].weight / weights for key, bytes_given in given.items()}
