"""A clock that passes by being slept on, and a query's deadline on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.contract import deadline


@dataclass
class FakeClock:
    """Its `sleep` returns at once, that much later."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@contextmanager
def ending_at(moment: float | None) -> Iterator[None]:
    """What is done inside is done for a query that ends then."""
    mark = deadline.set(moment)
    try:
        yield
    finally:
        deadline.reset(mark)
