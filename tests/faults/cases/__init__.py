"""The cases, in the order in which they are run."""

from tests.faults.cases import kills, hooks, answers, index, full_disk, kept  # noqa: F401, I001 -- importing registers them, in this order
