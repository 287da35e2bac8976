"""One partition of one source as a sorted stream, whatever order and paging the source has.

A stream holds rows that it has read, and a bound: nothing that it has not read yet comes before the bound. A row before
the bounds of all streams is the next of the list. `advance` reads on and moves the bound. How that is done depends on
what the source can do; `open_stream` chooses:

- `TokenStream`: the source sorts, and pages by token. Asked from a position on by its own time filter.
- `OffsetStream` (in `offsets`): the source sorts, and knows offsets only. The position is searched for.
- `WindowStream` (in `windows`): the source does not sort, but filters by time. Windows are read whole and sorted here.
- `WholeStream`: neither, or not in the order wanted. The list is read whole.

An order that is usual but not promised is checked as it is read. When it proves wrong, `DisorderedError` is raised; the
stream's memory has then learned how far rows are out of place, and the caller starts again with that much slack.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from msgspec.structs import replace

from connectors.contract import Connector, ExecutionQuery, Page, Range, Unreadable
from connectors.errors import LimitReachedError, UnreadableError
from resolvers.ordering import FIRST, Bound, Key, key_of, last_rank, not_before
from schema.identity import NativeId
from schema.model import Execution

log = structlog.get_logger("histograph.streams")

MAX_PAGES = 20
"Pages that one stream reads for one page of the list. What lies behind is for the next page."
MIN_FETCH, MAX_FETCH = 20, 100
"Rows asked for at a time."


class DisorderedError(Exception):
    """The source's order proved wrong after rows were given away. What was learned is in the memory: start again."""


@dataclass(slots=True)
class Memory:
    """What is known of one partition's ways, kept between queries. Only saves calls, except for `slack`."""

    slack: int = 0
    "Nanoseconds by which rows were seen out of order."
    window: int | None = None
    "Nanoseconds that hold about one page of rows."


@dataclass(slots=True, kw_only=True)
class Stream(ABC):
    """One partition, read from a position on. `rows` are those read and not fetched from here yet, in no order."""

    connector: Connector
    partition: str
    query: ExecutionQuery
    memory: Memory
    position: Bound = FIRST
    "Rows up to and including this key were given on earlier pages."
    bound: Bound | None = FIRST
    "None: all is read."
    rows: list[tuple[Key, Execution]] = field(default_factory=list)
    pages: int = 0
    as_of: int | None = None
    "When the oldest page used was fetched, in nanoseconds since 1970."
    unreadable: list[Unreadable] = field(default_factory=list)
    total: int | None = None
    "Rows of the whole partition, where the source counts them."
    _seen: set[NativeId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.bound = None if self.bound is None else max(self.bound, self.position)

    async def advance(self) -> None:
        """Reads on, so that the bound moves.

        Raises:
            ConnectorError: The source did not answer, or `MAX_PAGES` are read.
            DisorderedError: See above.
        """
        if self.pages >= MAX_PAGES:
            raise LimitReachedError(f"stopped after {MAX_PAGES} pages of {self.partition!r}; the next page goes on")
        await self._advance()

    @abstractmethod
    async def _advance(self) -> None: ...

    async def fetch(self, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page, taken note of."""
        self.pages += 1
        page = await self.connector.list_executions(self.partition, query, cursor)
        self.as_of = page.as_of if self.as_of is None else min(self.as_of, page.as_of)
        self.unreadable += page.unreadable
        if page.total is not None:
            self.total = page.total
        return page

    def take(self, executions: Iterable[Execution]) -> None:
        """Keeps those that are new and wanted."""
        for execution in executions:
            key = key_of(execution, self.query.order)
            if key > self.position and execution.key not in self._seen:
                self._seen.add(execution.key)
                if self.query.matches(execution):
                    self.rows.append((key, execution))

    def move_bound(self, rank: int) -> None:
        """Nothing unread comes before this rank. Past the end of the range asked for, all is read."""
        last = last_rank(self.query.order, self.query.started)
        if last is not None and rank > last:
            self.bound = None
        elif self.bound is not None:
            self.bound = max(self.bound, (rank,))

    def offset_of(self, execution: Execution | None) -> int | None:
        """Where in the source's list a row stands, or with None the first row not read; None if it knows no offsets."""
        return None

    def asked_range(self) -> Range:
        """The starts of rows that are not read yet."""
        rank = FIRST[0] if self.bound is None else self.bound[0] - self.memory.slack
        return not_before(rank, self.query.order, self.query.started)

    def fetch_size(self) -> int:
        """Rows to ask for at a time."""
        return min(max(self.query.limit, MIN_FETCH), MAX_FETCH, self.connector.capabilities.page_size)


@dataclass(slots=True, kw_only=True)
class SortedStream(Stream, ABC):
    """What sources that sort have in common: the bound follows the rows, less the slack."""

    _furthest: int = FIRST[0]
    _top: int | None = None
    "Where the first page began. What comes before it later has started since, and is not part of this list."

    def follow(self, page: Page) -> None:
        """Takes a page that continues those before, and moves the bound to its last row."""
        order, misplaced, is_late = self.query.order, 0, False
        ranked = [(key_of(row, order), row) for row in page.executions]
        if self._top is None:
            self._top = min((key[0] for key, _ in ranked), default=FIRST[0])
        news: list[Execution] = []
        for key, row in ranked:
            if key[0] < self._top or key <= self.position or row.key in self._seen:
                continue
            news.append(row)
            misplaced = max(misplaced, self._furthest - key[0])
            is_late = is_late or (self.bound is not None and key < self.bound)
            self._furthest = max(self._furthest, key[0])
        if misplaced > self.memory.slack:
            self.memory.slack = 2 * misplaced
            log.warning(
                "rows out of order",
                source=self.connector.name,
                seconds=misplaced / 1e9,
                promised=self.connector.capabilities.order_promised,
            )
        if is_late:
            raise DisorderedError
        self.take(news)
        if ranked:
            self.move_bound(max(self._furthest, ranked[-1][0][0]) - self.memory.slack)


@dataclass(slots=True, kw_only=True)
class TokenStream(SortedStream):
    """For sources that sort and filter by time: asked from the position on, then page by page."""

    _cursor: str | None = None
    _asked: ExecutionQuery | None = None

    async def _advance(self) -> None:
        if self._asked is None:
            started = self.asked_range()
            self._asked = replace(self.query, started=started, limit=self.fetch_size())
        page = await self.fetch(self._asked, self._cursor)
        if page.next_cursor is not None and page.next_cursor == self._cursor:
            raise UnreadableError("the pages repeat")
        self._cursor = page.next_cursor
        self.follow(page)
        if page.next_cursor is None:
            self.bound = None


@dataclass(slots=True, kw_only=True)
class WholeStream(Stream):
    """For sources that cannot give the order wanted in any other way: all pages, sorted here."""

    async def _advance(self) -> None:
        cursor: str | None = None
        order = self.query.order
        started = self.asked_range()
        query = replace(self.query, started=started, limit=self.connector.capabilities.page_size)
        native_order = next(iter(self.connector.capabilities.orders), None)
        # a list in the opposite order can be left once it is past the position
        last = None if native_order in (None, order) else last_rank(native_order, query.started)
        while True:
            if self.pages >= MAX_WHOLE_PAGES:
                raise LimitReachedError(f"{self.partition!r} has more runs than can be sorted here; give a time range")
            page = await self.fetch(query, cursor)
            self.take(page.executions)
            if page.next_cursor is None or page.next_cursor == cursor:
                break
            cursor = page.next_cursor
            if last is not None and native_order is not None and page.executions:
                furthest = max(key_of(row, native_order)[0] for row in page.executions)
                if furthest - self.memory.slack > last:
                    break
        self.bound = None


MAX_WHOLE_PAGES = 100
