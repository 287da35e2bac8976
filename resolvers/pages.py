"""Pages that were made, to be shown again while nothing that they are made of is older than it may be.

An equal query then gets the very same page: as of the same time, with the same cursors, and without a call.
"""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

from cachetools import TLRUCache
from msgspec.structs import replace

from connectors.contract import Freshness
from schema.model import Execution, ExecutionConnection

MAX_ROWS = 20_000
"Of all pages together."
ROWS_OF_A_PAGE = 20
"What a page weighs besides its runs."


class FoundValues(dict[int, tuple[Execution, Any, float]]):
    """Values of one field by the run: the run itself, its value, and until when that is good, on the house's clock."""

    until: float = inf
    "When the first of them ends to be good."

    def keep(self, run: Execution, value: object, until: float = inf) -> None:
        """Remembers a value."""
        self[id(run)] = run, value, until
        self.until = min(self.until, until)

    def forget(self, now: float) -> None:
        """Forgets those that are good no more."""
        for key in [key for key, (_, _, until) in self.items() if until <= now]:
            del self[key]
        self.until = min((until for _, _, until in self.values()), default=inf)


Found = dict[Hashable, FoundValues]
"By field."


class Shown(NamedTuple):
    """A page, and what was found for its runs."""

    page: ExecutionConnection
    found: Found


@dataclass(frozen=True, slots=True)
class Kept:
    """A page with what it hangs on."""

    shown: Shown
    until: float
    changes: Sequence[int]


def _weight(kept: Kept) -> int:
    return ROWS_OF_A_PAGE + len(kept.shown.page.nodes)


def _end(_key: Hashable, kept: Kept, _now: float) -> float:
    return kept.until


@dataclass(slots=True)
class Pages:
    """Pages by what was asked for. Those that are good no more are gone: they hold runs that nobody else remembers."""

    clock: Callable[[], float] = time.monotonic
    "The one that the connectors remember by."
    _pages: TLRUCache[Hashable, Kept] = field(init=False)

    def __post_init__(self) -> None:
        self._pages = TLRUCache(MAX_ROWS, _end, timer=self.clock, getsizeof=_weight)

    def get(self, key: Hashable, changes: Sequence[int]) -> Shown | None:
        """The page, if it is still good.

        Args:
            changes: Of each connector, as `Remembering` counts them.
        """
        kept = self._pages.get(key)
        if kept is None:
            return None
        if kept.changes == changes:
            return kept.shown
        self._pages.pop(key, None)
        return None

    def __len__(self) -> int:
        return len(self._pages)

    def keep(
        self, key: Hashable, page: ExecutionConnection, found: Found, freshness: Freshness, changes: Sequence[int]
    ) -> None:
        """Keeps a page until another try might bring more.

        Args:
            changes: As they were before the page was made.
        """
        if self.clock() < freshness.until:
            again = [replace(outcome, requests=0, duration_ms=0.0) for outcome in page.sources]
            self._pages[key] = Kept(Shown(replace(page, sources=again), found), freshness.until, changes)
