"""Sources without an order, but with a filter by time: windows small enough to come in one page, sorted here.

The first call asks for everything at once: most workflows have no more runs than a page holds, and then one call is
all. If the page is full it is an arbitrary part of the list, and tells only how dense the runs lie; the window is
narrowed until its runs fit. A window that cannot be narrowed any more is read page after page.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from connectors.contract import Page, Range
from connectors.errors import LimitReachedError
from resolvers.ordering import rank_of
from resolvers.streams import MAX_WHOLE_PAGES, Stream
from schema.instant import SECOND
from schema.model import Execution

NARROWEST = SECOND // 1000
"Nanoseconds; more runs than a page in less time are read by offsets."
WIDEN, NARROW = 4.0, 0.5
"How much wider or narrower the next window may be at the most."


@dataclass(slots=True, kw_only=True)
class WindowStream(Stream):
    """Reads window after window, away from the position."""

    now: Callable[[], int] = time.time_ns

    async def _advance(self) -> None:
        left = self.asked_range()
        window = self._next_window(left)
        while True:
            page = await self.fetch(replace(self.query, started=window, limit=self._page_size()), None)
            rows = list(page.executions)
            if page.next_cursor is None:
                break
            narrower = self._narrower(window, page)
            if narrower is None:
                rows += await self._rest(window, page)
                break
            window = narrower
        self.take(rows)
        self._learn(window, len(rows))
        far = window.start if self.query.order.is_descending else window.end
        if window == left or far is None:
            self.bound = None
        else:
            self.move_bound(rank_of(far - 1 if self.query.order.is_descending else far, self.query.order))

    def _page_size(self) -> int:
        return self.connector.capabilities.page_size

    def _next_window(self, left: Range) -> Range:
        """As wide as the last one taught; all that is left where that is not known."""
        width = self.memory.window
        if width is None:
            return left
        if self.query.order.is_descending:
            start = (self.now() if left.end is None else left.end) - width
            return left if left.start is not None and start <= left.start else Range(start, left.end)
        if left.start is None:
            return left
        end = left.start + width
        return left if left.end is not None and end >= left.end else Range(left.start, end)

    def _narrower(self, window: Range, page: Page) -> Range | None:
        """The near part of a window that holds too much; None when there is no narrower one.

        At most half as wide, and holding at most half of the rows that came: whatever part of the window these are.
        """
        times = sorted(row.started_at.ns for row in page.executions if row.started_at is not None)
        if not times:
            return None
        middle = times[len(times) // 2]
        end = times[-1] + 1 if window.end is None else window.end
        if self.query.order.is_descending:
            start = times[0] if window.start is None else window.start
            far = max(middle, (start + end) // 2)
            is_narrower = window.start is None or far > window.start
            return Range(far, window.end) if is_narrower and end - far >= NARROWEST else None
        start = self._oldest(times[0]) if window.start is None else window.start
        far = min(middle, (start + end) // 2)
        is_narrower = (window.end is None or far < window.end) and far - start >= NARROWEST
        return Range(window.start, far) if is_narrower else None

    def _oldest(self, seen: int) -> int:
        """Where a source's history may begin."""
        retention = self.connector.capabilities.retention
        if retention is None:
            return seen - (self.now() - seen)
        return min(seen, self.now() - int(retention.total_seconds()) * SECOND)

    async def _rest(self, window: Range, page: Page) -> list[Execution]:
        """The further pages of a window that does not fit into one."""
        query = replace(self.query, started=window, limit=self._page_size())
        rows: list[Execution] = []
        cursors: set[str] = set()
        while page.next_cursor is not None and page.next_cursor not in cursors:
            if self.pages >= MAX_WHOLE_PAGES:
                raise LimitReachedError(f"{self.partition!r} has more runs at one time than can be sorted here")
            cursors.add(page.next_cursor)
            page = await self.fetch(query, page.next_cursor)
            rows += page.executions
        return rows

    def _learn(self, window: Range, found: int) -> None:
        """What this window says of the next one's width: half a page is what it should hold."""
        if found == 0:
            self.memory.window = None
            return
        start, end = window.start, window.end
        if self.query.order.is_descending and end is None:
            end = self.now()
        if start is None or end is None or end <= start:
            return
        factor = min(max(self._page_size() / 2 / found, NARROW), WIDEN)
        self.memory.window = max(int((end - start) * factor), NARROWEST)
