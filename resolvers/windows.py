"""Sources without an order, but with a filter by time: windows small enough to come in one page, sorted here.

The first call asks for everything at once: most workflows have no more runs than a page holds, and then one call is
all. If the page is full it is some part of the list, nobody knows which, and tells only where runs lie; the window is
narrowed until its runs fit. A window that cannot be narrowed any more is read page after page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.contract import Page, Range
from connectors.listed import Listed
from resolvers.cursor import at_least, distance
from resolvers.ordering import rank_of
from resolvers.streams import Stream
from resolvers.whole import listing
from schema.instant import SECOND

WIDEN, NARROW = 4.0, 0.5
"How much wider or narrower the next window may be at the most."


@dataclass(slots=True, kw_only=True)
class WindowStream(Stream):
    """Reads window after window, away from the position."""

    _width: int | None = None

    def __post_init__(self) -> None:
        self._width = self.terms.memory.windows.get(self.partition) if self.hint is None else at_least(self.hint)

    async def _advance(self) -> None:
        left = self.asked_range()
        window, tries = self._next_window(left), 0
        while True:
            query = self.terms.asking(window, self._page_size())
            page = await self.fetch(query, None)
            narrower = None if page.next_cursor is None else self._narrower(window, page, tries)
            if narrower is None:
                break
            window, tries = narrower, tries + 1
        parts = [some async for some in listing(self, query, page)]
        rows = parts[0] if len(parts) == 1 else [row for part in parts for row in part]
        if not self.hold(rows, sort=True):
            self.take(self.placed(rows))
        if window.end is None and window.start is not None:
            self.terms.memory.openings[self.partition] = window.start
        self._learn(window, rows)
        far = window.start if self.terms.query.order.is_descending else window.end
        if window == left or far is None:
            self.bound = None
        else:
            self.move_bound(rank_of(far - 1 if self.terms.query.order.is_descending else far, self.terms.query.order))

    def hint_for(self, row: Listed | None) -> int | None:
        """The width of the next window, roughly."""
        return None if self._width is None else distance(self._width) or None

    def _page_size(self) -> int:
        return self.terms.can.page_size

    def _next_window(self, left: Range) -> Range:
        """As wide as the last one taught; all that is left where that is not known."""
        width = self._width
        if width is None:
            return left
        if self.terms.query.order.is_descending:
            start = self._opening(width) if left.end is None else left.end - width
            return left if left.start is not None and start <= left.start else Range(start, left.end)
        if left.start is None:
            return left
        end = left.start + width
        return left if left.end is not None and end >= left.end else Range(left.start, end)

    def _opening(self, width: int) -> int:
        """Where the newest window starts: where it last did, as long as that is about right, for that is remembered."""
        latest = self.terms.now() - width
        start = self.terms.memory.openings.get(self.partition, latest)
        return start if latest - width <= start <= latest + width // 2 else latest

    def _narrower(self, window: Range, page: Page, tries: int) -> Range | None:
        """The near part of a window that holds too much; None when there is no narrower one.

        It holds less than half of the rows that came. As these may all lie in one corner, each second try is also at
        most half as wide. It ends at a whole second, as there are sources that know no others; more runs than a page in
        one second are read by offsets.
        """
        times = sorted([row.started for row in page.rows() if row.started is not None])
        if not times:
            return None
        start = self._oldest(times[0]) if window.start is None else window.start
        end = max(times[-1] + 1, self.terms.now()) if window.end is None else window.end
        half = (start + end) // 2
        middle = times[len(times) // 2]
        if self.terms.query.order.is_descending:
            far = _whole_second(max(middle, half) if tries % 2 else middle) + SECOND
            far = min(far, _whole_second(end - 1))
            return Range(far, window.end) if window.start is None or far > window.start else None
        far = _whole_second(min(middle, half) if tries % 2 else middle)
        far = max(far, _whole_second(start) + SECOND)
        return Range(window.start, far) if window.end is None or far < window.end else None

    def _oldest(self, seen: int) -> int:
        """Where a source's history may begin."""
        retention = self.terms.can.retention
        return seen if retention is None else min(seen, self.terms.now() - int(retention.total_seconds()) * SECOND)

    def _learn(self, window: Range, rows: Sequence[Listed]) -> None:
        """What this window says of the next one's width: half a page is what it should hold."""
        far = window.start if self.terms.query.order.is_descending else window.end
        times = [] if far is None else [row.started for row in rows if row.started is not None]
        # all that was left has come; or nothing has, and who knows how far the next runs are
        if not times:
            self._width = None
            return
        start = min(times) if window.start is None else window.start
        end = max(*times, self.terms.now()) if window.end is None else window.end
        factor = min(max(self._page_size() / 2 / len(times), NARROW), WIDEN)
        self._width = self.terms.memory.windows[self.partition] = max(int((end - start) * factor), SECOND)


def _whole_second(ns: int) -> int:
    return ns // SECOND * SECOND
