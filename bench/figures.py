"""Many tries of one measure, as a median and how far they lie apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """Tries of one measure."""

    tries: Sequence[float]

    @classmethod
    def of(cls, tries: Iterable[float]) -> "Figure":
        """At least one."""
        return cls(tuple(tries))

    @property
    def median(self) -> float:
        """The one in the middle."""
        return median(self.tries)

    def __str__(self) -> str:
        """`412` for one try, `412 (398-420)` for several: the median, the lowest, the highest."""
        if len(self.tries) == 1:
            return plain(self.median)
        return f"{plain(self.median)} ({plain(min(self.tries))}-{plain(max(self.tries))})"


def plain(value: float) -> str:
    """As many digits as can matter: three, and whole numbers from a hundred on."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def ratio(value: float, base: float) -> str:
    """`4.2 x`; a dash where there is nothing to compare with."""
    return f"{plain(value / base)} ×" if base else "-"
