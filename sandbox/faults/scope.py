"""Which calls are hit, and what an order comes to once it is read."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.faults.fault import Fault, Value
from sandbox.faults.targets import Target


@dataclass(frozen=True, slots=True)
class Scope:
    """The calls that a fault hits. Only those are counted that `of` and `only` let through."""

    of: frozenset[Target]
    only: str = ""  # the path contains it
    every: int = 1  # the n-th, the 2n-th, …
    since: int = 1  # from the n-th on
    first: int = 0  # so many at most; 0: no bound

    def covers(self, target: Target, path: str) -> bool:
        """Whether a call is counted."""
        return target in self.of and self.only in path

    def picks(self, number: int) -> bool:
        """Whether the `number`-th of the counted calls is hit; the first is 1."""
        place = number - self.since + 1
        return place > 0 and place % self.every == 0 and not 0 < self.first < place // self.every


@dataclass(frozen=True, slots=True)
class Order:
    """A fault to bring about."""

    fault: Fault
    parameters: Mapping[str, Value]
    scope: Scope
