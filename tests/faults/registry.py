"""The table of cases: small functions, each of which does one harm and says what it may cost."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from tests.faults.checker import Fault
from tests.faults.scene import Scene

Harm = Callable[[Scene], Fault]


@dataclass(frozen=True)
class Case:
    """A harm; `holds`: what must hold besides the checker's invariants; `needs`: the modules without which it waits."""

    name: str
    holds: str
    harm: Harm
    trials: int
    is_short: bool
    needs: tuple[str, ...] = ()

    @property
    def waits_for(self) -> list[str]:
        """The modules that are not there yet."""
        return [module for module in self.needs if find_spec(module) is None]


CASES: dict[str, Case] = {}


def case(holds: str, *, trials: int = 3, short: bool = False, needs: tuple[str, ...] = ()) -> Callable[[Harm], Harm]:
    """Register the function under its own name, in the order of the files."""

    def register(harm: Harm) -> Harm:
        name = getattr(harm, "__name__", "")
        CASES[name] = Case(name, holds, harm, trials, short, needs)
        return harm

    return register
