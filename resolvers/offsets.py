"""Sources that know offsets only: lists that shift are read without a gap, and a position is searched for.

A new run shifts all offsets up, a deleted one shifts some down. So each page overlaps the one before: while it holds a
row that was read, nothing is between them. When it holds none, it is taken further up until it does. Rows read twice
are told by their ids.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count

from connectors.contract import Page
from connectors.errors import UnreadableError
from connectors.listed import Listed
from resolvers.ordering import FIRST, rank_of
from resolvers.streams import MAX_FETCH, SPARE, SortedStream
from schema.identity import NativeId

MAX_STEPS_BACK = 20
"Calls in search of a row that was read; a list that shifts under each of them cannot be read by offsets."
GALLOP = 3
"How much longer each step of a search is than the one before, until there is one on either side."


@dataclass(slots=True)
class PageStarts:
    """Which rows pages began with. One that begins as one further up did is that one again: its offset was ignored.

    Else as many new runs would have come between two calls as lie between the two pages.
    """

    _offsets: dict[NativeId, int] = field(default_factory=dict)
    "By row: the offset that it had, at the most, as those above it in the page may be unreadable."

    def check(self, offset: int, page: Page) -> None:
        """Takes note of a page.

        Raises:
            UnreadableError: It is one of before, so that nobody can tell what comes after it.
        """
        if not page.executions:
            return
        first = page.executions[0].key
        if offset > self._offsets.get(first, offset):
            raise UnreadableError("the pages repeat")
        self._offsets[first] = offset + len(page.unreadable)


@dataclass(slots=True)
class OffsetWalk:
    """Reads a list from an offset on to its end. Relies on rows keeping their order among themselves."""

    ask: Callable[[int], Awaitable[Page]]
    at: int = 0
    "Offset of the first row not read."
    is_done: bool = False
    _starts: PageStarts = field(default_factory=PageStarts)
    _pages: list[Sequence[Listed]] = field(default_factory=list)
    "Rows that were read, of which no key is known yet."
    _read: set[NativeId] = field(default_factory=set)
    _overlap: int = 0
    "Rows to ask for again, so that one of them can be recognised."

    async def more(self, page: Page | None = None) -> tuple[int, Sequence[Listed]]:
        """The rows that come next, with the first one's offset, some of them perhaps for a second time.

        Args:
            page: The page at `at`, if it is at hand.
        """
        start = self.at if page is not None else max(self.at - self._overlap, 0)
        page = await self.ask(start) if page is None else page
        step, tries = MAX_FETCH, 0
        while self._overlap and start > 0 and self._known(page) is None:
            if (tries := tries + 1) > MAX_STEPS_BACK:
                raise UnreadableError("the list keeps shifting under its pages")
            start, step = max(start - step, 0), step * GALLOP
            page = await self.ask(start)
        self._starts.check(start, page)
        rows = page.rows()
        known = self._known(page) or 0
        self._pages.append(rows)
        self.at = start + len(rows) + len(page.unreadable)
        # of so many rows at the end of the page one can be read, and so recognised
        self._overlap = 1 + len(page.unreadable) if len(page.unreadable) < len(page.executions) else 0
        self.is_done = page.next_cursor is None
        if not self.is_done and self.at == start:
            raise UnreadableError("the pages do not go on")
        return start + known, rows[known:] if known else rows

    def _known(self, page: Page) -> int | None:
        """Where in a page the first row stands that was read before. Rows above it are new in the list."""
        while self._pages:
            self._read.update([row.key for row in self._pages.pop()])
        if not self._read:
            return None
        return next((index for index, row in enumerate(page.executions) if row.key in self._read), None)


class Side(Enum):
    """Where a page lies, seen from a place in the list."""

    BEFORE = auto()
    ACROSS = auto()
    BEHIND = auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the list, and the rank there, if known."""

    offset: int
    rank: int | None


@dataclass(slots=True, kw_only=True)
class OffsetStream(SortedStream):
    """Reads on from where the position lies now."""

    _walk: OffsetWalk | None = None
    _read: list[tuple[int, Sequence[Listed]]] = field(default_factory=list)
    "Rows page by page, with the first one's offset."

    async def _advance(self) -> None:
        page = None
        if self._walk is None:
            rank = FIRST[0] if self.bound is None else self.bound[0]
            start = 0
            if rank != FIRST[0]:
                start, page = await self._locate(rank - self.slack)
                self.pages = 0  # those of the search do not count
            self._walk = OffsetWalk(self._page, start)
        start, rows = await self._walk.more(page)
        self._read.append((start, rows))
        self.follow(rows)
        if self._walk.is_done:
            self.bound = None

    def hint_for(self, row: Listed | None) -> int | None:
        """The offset as last seen: saves the search, if it still holds."""
        if row is not None:
            seen = (
                at for start, rows in reversed(self._read) for at, one in enumerate(rows, start) if one.key == row.key
            )
            if (offset := next(seen, None)) is not None:
                return offset
        return self.hint if self._walk is None else self._walk.at

    async def _page(self, offset: int) -> Page:
        # pages grow, as a stream that needs many has little use for their rows
        size = min(self.fetch_size() << min(self.pages, 10), MAX_FETCH, self.terms.can.page_size)
        return await self.fetch(self.terms.asking(self.terms.query.started, size), str(offset) if offset else None)

    async def _locate(self, wanted: int) -> tuple[int, Page]:
        """A page that begins before the first row of this rank or a later one, and mostly comes to it; with its offset.

        Only what a page itself shows is relied on, as the list may shift between two calls. Gallops from the hint
        until the place is between two pages.
        """
        before: tuple[int, Page] | None = None
        low, high = Mark(0, None), None
        step, starts = self.fetch_size(), PageStarts()
        probe = 0 if self.hint is None else max(self.hint - SPARE // 2 - self.doubt, 0)
        for tries in count():
            page = await self._page(probe)
            starts.check(probe, page)
            side = self._side(page, wanted)
            if side is Side.ACROSS or (side is Side.BEHIND and probe == 0):
                return probe, page
            ranks = self._ranks(page)
            if side is Side.BEFORE:
                before = probe, page
                # so that a page from there on begins with rows that are known to be before
                skipped = len(page.executions) + len(page.unreadable) - 1 - self.doubt
                low = Mark(probe + max(skipped, 1), max(ranks))
            else:
                high = Mark(probe, min(ranks, default=None))
            if before is not None and high is not None and high.offset <= low.offset:
                return before
            if high is None:
                probe, step = low.offset + step, step * GALLOP
            elif before is None:
                probe, step = max(high.offset - step, 0), step * GALLOP
            else:
                probe = _between(low, high, wanted, self.fetch_size(), may_guess=tries % 3 > 0)
        raise AssertionError("a search ends")

    def _ranks(self, page: Page) -> list[int]:
        return [rank_of(row.started, self.terms.query.order) for row in page.rows() if row.started is not None]

    def _side(self, page: Page, wanted: int) -> Side:
        ranks = self._ranks(page)
        if len(ranks) <= self.doubt or any(rank >= wanted for rank in ranks[: 1 + self.doubt]):
            return Side.BEHIND
        is_last = page.next_cursor is None
        return Side.ACROSS if is_last or any(rank >= wanted for rank in ranks) else Side.BEFORE


def _between(low: Mark, high: Mark, wanted: int, size: int, *, may_guess: bool) -> int:
    """Where to look next: by the time that has passed between the two, or half-way."""
    if high.offset - low.offset <= size:
        return low.offset
    if may_guess and low.rank is not None and high.rank is not None and low.rank < wanted < high.rank:
        share = (wanted - low.rank) / (high.rank - low.rank)
        guess = low.offset + int((high.offset - low.offset) * share) - size // 2
        return min(max(guess, low.offset), high.offset - 1)
    return (low.offset + high.offset) // 2
