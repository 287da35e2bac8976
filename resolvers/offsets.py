"""Sources that sort but know offsets only: a position is searched for, and lists that shift are anchored again.

A new run shifts all offsets up, a deleted one shifts some down. So each page overlaps the one before by a row: when
that row is gone, the place is searched for again by its rank. Rows read twice are told by their ids.
"""

from dataclasses import dataclass, field

from msgspec.structs import replace

from connectors.contract import ExecutionQuery, Page
from connectors.errors import UnreadableError
from resolvers.ordering import FIRST, key_of
from resolvers.streams import SortedStream
from schema.identity import NativeId
from schema.model import Execution

MAX_SHIFTS = 5
"Of the list under one page; a list that shifts all the time cannot be read by offsets."


@dataclass(slots=True, kw_only=True)
class OffsetStream(SortedStream):
    """Reads on from where the position lies now."""

    hint: int | None = None
    "Offset of the first row after the position when it was last seen. Saves the search, if it still holds."
    _next: int | None = None
    _last: NativeId | None = None
    _found: tuple[int, Page] | None = None
    _shifts: int = 0
    _offsets: dict[NativeId, int] = field(default_factory=dict)

    async def _advance(self) -> None:
        query = replace(self.query, limit=self.fetch_size())
        if self._next is None:
            rank = FIRST[0] if self.bound is None else self.bound[0]
            self._next = 0 if rank == FIRST[0] else await self._locate(query, rank)
        at = self._next if self._last is None else self._next - 1
        page = await self._page(query, at)
        rows = page.executions
        if self._last is not None and all(row.key != self._last for row in rows):
            await self._anchor_again(query)
            return
        before, self._next = self._next, _end(at, page)
        self._offsets.update((row.key, at + index) for index, row in enumerate(rows))
        # an unreadable row has no id to be found again by
        self._last = rows[-1].key if rows and not page.unreadable else None
        self.follow(page)
        if page.next_cursor is None:
            self.bound = None
        elif self._next <= before:
            raise UnreadableError("the pages do not go on")

    def offset_of(self, execution: Execution | None) -> int | None:
        """As last seen: a hint for a later search."""
        if execution is not None and execution.key in self._offsets:
            return self._offsets[execution.key]
        return self.hint if self._next is None else self._next

    async def _anchor_again(self, query: ExecutionQuery) -> None:
        """The row that the pages should share is gone: deleted, or shifted by more than a page."""
        self._shifts += 1
        if self._shifts > MAX_SHIFTS:
            raise UnreadableError("the list keeps shifting under its pages")
        self._last = None
        self._next = await self._locate(query, self._furthest)

    async def _page(self, query: ExecutionQuery, offset: int) -> Page:
        if self._found is not None and self._found[0] == offset:
            (_, page), self._found = self._found, None
            return page
        return await self.fetch(query, str(offset))

    async def _locate(self, query: ExecutionQuery, rank: int) -> int:
        """An offset with nothing of this rank or a later one before it, and less than a page before the first such row.

        All rows before `low` are before the rank, the row at `high` is not. Gallops until there is a `high`, then
        halves.
        """
        wanted = rank - self.memory.slack
        low, step = 0, self.fetch_size()
        high: int | None = None
        # two rows back: the one before the last given tells that nothing of its rank is missed
        probe = 0 if self.hint is None else max(self.hint - 2, 0)
        while low != high:
            page = await self.fetch(query, str(probe))
            ranks = [key_of(row, query.order)[0] for row in page.executions]
            if not ranks or ranks[0] >= wanted:
                high = probe
            elif ranks[-1] < wanted:
                low = _end(probe, page)
            if low == probe or (ranks and ranks[0] < wanted <= ranks[-1]):
                self._found = (probe, page)
                return probe
            if low > probe and page.next_cursor is None:
                return low
            if high is None:
                probe, step = low + step, step * 3
            elif high - low < self.fetch_size():
                probe = low
            else:
                probe = (low + high) // 2
        return low


def _end(offset: int, page: Page) -> int:
    """The offset after a page's last row; unreadable rows have a place too."""
    return offset + len(page.executions) + len(page.unreadable)
