"""Sums in which some numbers hang on a request's variables: put together once, worked out for each request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """The value of a variable as a size: a number, or a list by its length."""

    variable: str
    default: int

    def of(self, variables: Variables) -> int:
        """The default when there is no value."""
        value = variables.get(self.variable)
        if isinstance(value, list):
            return len(value)
        return max(value, 0) if isinstance(value, int) else self.default


@dataclass(frozen=True, slots=True)
class Condition:
    """@include or @skip by a variable: 1 or 0."""

    variable: str
    wanted: bool

    def of(self, variables: Variables) -> int:
        """1 when it is included."""
        return int(variables.get(self.variable) is self.wanted)


Factor = Given | Condition
"A number that hangs on a variable."


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum of what is fixed, and of products."""

    fixed: float = 0
    products: tuple[tuple[Factor, "Cost"], ...] = ()

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.fixed + other.fixed, self.products + other.products)

    def times(self, factor: float | Factor) -> "Cost":
        """So many times as much."""
        if not isinstance(factor, Factor):
            if factor == 1:
                return self
            return Cost(self.fixed * factor, tuple((one, cost.times(factor)) for one, cost in self.products))
        return Cost(0, ((factor, self),))

    def of(self, variables: Variables) -> float:
        """The cost with these variables, which are coerced."""
        return self.fixed + sum(factor.of(variables) * cost.of(variables) for factor, cost in self.products)


NOTHING = Cost()
Size = float | Factor


def value_of(size: Size, variables: Variables) -> float:
    """A size with these variables, which are coerced."""
    return size.of(variables) if isinstance(size, Factor) else size
