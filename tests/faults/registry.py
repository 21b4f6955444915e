"""The table of cases: small functions, each of which does one harm and says what it may cost."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.checker import Fault
from tests.faults.scene import Scene

Harm = Callable[[Scene], Fault]


@dataclass(frozen=True)
class Case:
    """A harm; `holds`: what must hold besides the checker's invariants."""

    name: str
    holds: str
    harm: Harm
    trials: int
    is_short: bool


CASES: dict[str, Case] = {}


def case(holds: str, *, trials: int = 3, short: bool = False) -> Callable[[Harm], Harm]:
    """Register the function under its own name, in the order of the files."""

    def register(harm: Harm) -> Harm:
        name = getattr(harm, "__name__", "")
        CASES[name] = Case(name, holds, harm, trials, short)
        return harm

    return register
