"""One partition of one source as a sorted stream, whatever order and paging the source has.

Most rows are never read: what a record holds besides its place is looked at when conditions ask for it, or when the
merge comes to it. Where rows have come in order, or are put in order by their starts alone, they are held back, and
even placed only some at a time.

A stream holds rows that it has read, and a bound: nothing that it has not read yet comes before the bound. A row before
the bounds of all streams is the next of the list. `advance` reads on and moves the bound. How that is done depends on
what the source can do; `opening` chooses:

- `TokenStream`: the source sorts, and pages by token. Asked from a position on by its own time filter.
- `OffsetStream` (in `offsets`): the source sorts, and knows offsets only. The position is searched for.
- `WindowStream` (in `windows`): the source does not sort, but filters by time. Windows are read whole and sorted here.
- `WholeStream` (in `whole`): neither, or not in the order wanted. The list is read whole.

An order that is usual but not promised is never trusted for the last rows read, nor for some seconds: so small
disorder, as of neighbours, or of records made a little late, is sorted here before a row is given away. What is out of
place by more is found as it is read. The source's memory has then learned by how much; if a row was given away that it
should have come before, the merge starts again.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from msgspec.structs import replace

from connectors.contract import EVER, Capabilities, Connector, ExecutionQuery, Page, Range
from connectors.errors import ConnectorError, LimitReachedError, UnreadableError
from connectors.listed import Listed, Unreadable
from resolvers.held import Held, by_start
from resolvers.ordering import FIRST, Bound, Key, first_rank, last_rank, not_after, not_before, placed, rank_of
from schema.identity import NativeId
from schema.instant import SECOND

log = structlog.get_logger("histograph.streams")

MAX_PAGES = 20
"Pages that one stream reads for one page of the list. What lies behind is for the next page."
MAX_WHOLE_PAGES = 100
"Pages that it reads at the most where there is no place to stop before: of runs at one time, or without an order."
MIN_FETCH, MAX_FETCH = 20, 100
"Rows asked for at a time."
SPARE = 10
"Rows asked for beyond those wanted: for the next one, which tells that the list goes on, and for ties at both ends."
DOUBT = 3
"Rows at the end of what is read of an order that is not promised, which others may still come before."
DOUBT_NS = 5 * SECOND
"The same in time."
RECENT = 100
"Rows that tell how far a list has come."


@dataclass(slots=True)
class Memory:
    """What is known of a source's ways, kept between queries. Only saves calls, except for `slack`."""

    slack: int = 0
    "Nanoseconds by which rows were seen out of order. Cursors carry it, and are believed for their own list only."
    windows: dict[str, int] = field(default_factory=dict)
    "By partition: nanoseconds that hold about half a page of rows."
    openings: dict[str, int] = field(default_factory=dict)
    "By partition: where the window of its newest rows started last."


@dataclass(slots=True, eq=False)
class Terms:
    """What the streams of one source have in common: what is wanted of it, and from where on. Looked up once."""

    connector: Connector
    query: ExecutionQuery
    memory: Memory
    position: Bound = FIRST
    "Rows up to and including this key were given on earlier pages."
    carried_slack: int = 0
    "As in the memory, but of the pages before."
    until: int | None = None
    "Runs that started later, in nanoseconds since 1970, are not part of the list."
    now: Callable[[], int] = time.time_ns
    "The wall clock."
    source: str = field(init=False)
    can: Capabilities = field(init=False)
    takes_all: bool = field(init=False)
    "The query has no conditions on runs."
    takes_unread: bool = field(init=False)
    "It has none but on their starts."
    range: Range = field(init=False)
    "The starts that rows of the list can have. Those without any aside, which only an open range lets in."
    _start: Bound = field(init=False)
    "Nothing comes before this."
    _last: int | None = field(init=False)
    "The rank behind which nothing comes."
    _asked: dict[tuple[Range, int], ExecutionQuery] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.source, self.can = self.connector.name, self.connector.capabilities
        self.takes_unread = self.query.asks_for_starts_only
        self.takes_all = self.takes_unread and self.query.started == EVER and self.until is None
        order, started = self.query.order, self.query.started
        self.range = started if self.until is None else not_after(self.until, started)
        self._start, self._last = max(self.position, (first_rank(order, started),)), last_rank(order, started)

    def start_at(self, bound: Bound) -> Bound | None:
        """Where a stream begins of which nothing comes before this bound. Past the end of the range nothing is left."""
        start = max(bound, self._start)
        return None if self._last is not None and start[0] > self._last else start

    def asking(self, started: Range, limit: int) -> ExecutionQuery:
        """The query for so many runs of a range. All who ask for the same get the same one: its hash is known then."""
        known = self._asked.get((started, limit))
        if known is None:
            known = self._asked[started, limit] = replace(self.query, started=started, limit=limit)
        return known


@dataclass(slots=True, kw_only=True)
class Stream(ABC):
    """One partition, read from a position on. `rows` are those read and not fetched from here yet, in no order."""

    terms: Terms
    partition: str
    bound: Bound | None
    "None: all is read."
    hint: int | None = None
    "Of the page before, as `hint_for` gave it."
    rows: list[tuple[Key, Listed]] = field(default_factory=list)
    pages: int = 0
    as_of: int | None = None
    "When the oldest page used was fetched, in nanoseconds since 1970."
    unreadable: list[Unreadable] = field(default_factory=list)
    stale_because: ConnectorError | None = None
    "Why a page of before stood in for one that could not be had."
    unplaced: set[NativeId] = field(default_factory=set)
    "Runs without a start that were found when their place in the list had been passed."
    total: int | None = None
    "Rows of the whole partition, where the source counts them."
    _held: Held | None = None
    _seen: set[NativeId] = field(default_factory=set)

    async def advance(self) -> None:
        """Reads on, so that the bound moves.

        Raises:
            ConnectorError: The source did not answer, or as many pages are read as may be.
        """
        if self.hand_over():
            return
        most = MAX_PAGES if self.has_moved else MAX_WHOLE_PAGES
        if self.pages >= most:
            after = "the next page goes on" if self.has_moved else "more runs start at one time than can be sorted here"
            raise LimitReachedError(f"stopped after {most} pages of {self.partition!r}; {after}")
        await self._advance()

    @property
    def edge(self) -> Bound | None:
        """Nothing that is not among `rows`, nor was fetched from there, comes before this; None when that is all."""
        if (row := self.next_held) is None:
            return self.bound
        earliest = (self._earliest(row),)
        return earliest if self.bound is None else min(earliest, self.bound)

    def _earliest(self, row: Listed) -> int:
        """The rank of a row that is held back. Of a start that proves to be none nobody knows where it stands."""
        started = row.started
        return FIRST[0] if started is None else rank_of(started, self.terms.query.order)

    @property
    def next_held(self) -> Listed | None:
        """The first row that has been read and is held back."""
        return None if self._held is None else self._held.first

    def hand_over(self) -> bool:
        """Adds some of what has been read and was held back to `rows`. False when nothing was."""
        some = () if self._held is None else self._held.some()
        if some:
            self.take(self.placed(some))
        return bool(some)

    def hold(self, rows: Sequence[Listed], *, sort: bool = False) -> bool:
        """Holds rows back, if all are new and wanted, and in order, be it by `sort`ing them. If not, `take` them."""
        if not rows or not self.terms.takes_all or self.terms.position != FIRST:
            return False
        order = by_start(rows, self.terms.query.order)
        if order is None or not (sort or isinstance(order, range)):
            return False
        if self._seen and not self._seen.isdisjoint([row.key for row in rows]):
            return False
        self._held = Held(rows, order)
        self.hand_over()
        return True

    @property
    def has_moved(self) -> bool:
        """A list that stops at the bound has come further than the page before."""
        return self.bound is None or self.bound > self.terms.position

    @abstractmethod
    async def _advance(self) -> None: ...

    async def fetch(self, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page, taken note of."""
        self.pages += 1
        page = await self.terms.connector.list_executions(self.partition, query, cursor)
        self.as_of = page.as_of if self.as_of is None else min(self.as_of, page.as_of)
        for record in page.unreadable:
            self.leave_out(record)
        self.stale_because = page.stale_because or self.stale_because
        if page.total is not None:
            self.total = page.total
        return page

    def leave_out(self, record: Unreadable) -> None:
        """Takes note of a record that the list lacks as it cannot be read."""
        if record not in self.unreadable:
            self.unreadable.append(record)

    def placed(self, rows: Sequence[Listed]) -> list[tuple[Key, Listed]]:
        """Rows with where they stand."""
        return placed(rows, self.terms.source, self.terms.query.order)

    def take(self, rows: Sequence[tuple[Key, Listed]]) -> None:
        """Keeps those that are new and wanted."""
        seen, position, takes_all = self._seen, self.terms.position, self.terms.takes_all
        known = len(seen)
        for one in rows:
            key, row = one
            seen.add(row.key)
            if len(seen) == known:
                continue  # it was there before
            known += 1
            if key > position:
                if type(row.found) is Unreadable:
                    self.leave_out(row.found)
                elif takes_all or self._is_wanted(row):
                    self.rows.append(one)

    def _is_wanted(self, row: Listed) -> bool:
        if self.terms.until is not None and row.started is not None and row.started > self.terms.until:
            return False
        if self.terms.takes_unread:
            return self.terms.query.started.holds(row.started)
        run = row.read()
        if isinstance(run, Unreadable):
            self.leave_out(run)
            return False
        return self.terms.query.matches(run)

    def move_bound(self, rank: int) -> None:
        """Nothing unread comes before this rank. Past the end of the range asked for, all is read."""
        if self.bound is not None:
            self.bound = self.terms.start_at(max(self.bound, (rank,)))

    def asked_range(self) -> Range:
        """The starts of rows that are not read yet."""
        rank = FIRST[0] if self.bound is None else self.bound[0]
        return not_before(rank, self.terms.query.order, self.terms.range)

    def fetch_size(self) -> int:
        """Rows to ask for at a time: whole pages, when conditions may leave few of them."""
        is_top = self.terms.takes_all and self.terms.position == FIRST  # has ties at one end only
        spare = SPARE // 2 if is_top else SPARE
        wanted = MAX_FETCH if is_selective(self.terms.query) else self.terms.query.limit + spare + 3 * self.doubt
        return min(max(wanted, MIN_FETCH), MAX_FETCH, self.terms.can.page_size)

    @property
    def doubt(self) -> int:
        """Rows by which an order may be wrong."""
        return 0 if self.terms.can.order_promised else DOUBT

    @property
    def slack(self) -> int:
        """Nanoseconds by which it may be wrong."""
        return max(self.terms.memory.slack, self.terms.carried_slack) + (
            0 if self.terms.can.order_promised else DOUBT_NS
        )

    def hint_for(self, row: Listed | None) -> int | None:
        """A small number that helps the next page's stream to begin with this row, or with None at the edge."""
        return None


def is_selective(query: ExecutionQuery) -> bool:
    """Has conditions that may leave few rows of a page."""
    return bool(
        query.statuses is not None
        or (query.ended, query.duration) != (EVER, EVER)
        or query.error_contains is not None
        or query.any_step is not None
    )


@dataclass(slots=True, kw_only=True)
class SortedStream(Stream, ABC):
    """What sources that sort have in common: the bound follows the rows, less what the order is doubted by."""

    _recent: list[int] = field(default_factory=list)
    "Ranks of the rows read last."
    _claimed: int | None = None
    "Before which, by the rows read, nothing should come any more."
    _is_behind: bool = False
    "Rows were read that are not given yet."

    def follow(self, rows: Sequence[Listed]) -> None:
        """Takes rows that continue those before, and moves the bound to the last of them that can be relied on."""
        if self._is_late(rows) or not self.hold(rows):
            self._take_all(rows)
        else:
            # the last ones that are doubted are taken to be no further: they need not be made for that
            surest = rows[max(len(rows) - 1 - self.doubt, 0)]
            self._recent += [self._earliest(surest)] * min(len(rows), 1 + self.doubt)
            self._is_behind = True
        del self._recent[:-RECENT]
        if len(self._recent) > self.doubt:
            self._claimed = self._reached() - self.slack
            self.move_bound(self._claimed)

    def _is_late(self, rows: Sequence[Listed]) -> bool:
        """The first of them should have come before."""
        return bool(rows) and self._claimed is not None and self._earliest(rows[0]) < self._claimed

    def _take_all(self, rows: Sequence[Listed]) -> None:
        """Takes them as they come."""
        keyed = self.placed(rows)
        if None in [row.started for row in rows]:
            self._look_for_unplaced(keyed)
        elif not self._is_behind:
            self._is_behind = any(key > self.terms.position for key, _ in keyed)
        is_late, claimed, recent = False, self._claimed, self._recent
        for key, row in keyed:
            if row.started is None:
                continue
            if claimed is not None and key[0] < claimed and key > self.terms.position and row.key not in self._seen:
                is_late = True
                self._learn(key[0])
            recent.append(key[0])
        self.take(keyed)
        if is_late and self.bound is not None:
            self.bound = self.terms.position  # it was wrong

    def _reached(self) -> int:
        """The rank that the rows read have come to, but for those that are doubted."""
        return sorted(self._recent[-RECENT:])[-1 - self.doubt]

    def _look_for_unplaced(self, keyed: Sequence[tuple[Key, Listed]]) -> None:
        """Runs without a start that stand below rows not given yet: they would have been listed first."""
        for key, row in keyed:
            if type(row.found) is Unreadable or (self._is_behind and row.started is not None):
                continue
            if key > self.terms.position:
                self._is_behind = True
            elif row.started is None and self._is_behind and key[0] < self.terms.position[0] and self._is_wanted(row):
                self.unplaced.add(row.key)

    def _learn(self, rank: int) -> None:
        """From a row that comes after others which it should have come before: by how much that may be."""
        misplaced = self._reached() - rank
        if 2 * misplaced <= self.terms.memory.slack:
            return
        self.terms.memory.slack = 2 * misplaced
        log.warning(
            "rows out of order",
            source=self.terms.source,
            seconds=misplaced / 1e9,
            promised=self.terms.can.order_promised,
        )


@dataclass(slots=True, kw_only=True)
class TokenStream(SortedStream):
    """For sources that sort and filter by time: asked from the position on, then page by page."""

    _cursor: str | None = None
    _asked: ExecutionQuery | None = None

    async def _advance(self) -> None:
        if self._asked is None:
            self._asked = self.terms.asking(self.asked_range(), self.fetch_size())
        page = await self.fetch(self._asked, self._cursor)
        if page.next_cursor is not None and page.next_cursor == self._cursor:
            raise UnreadableError("the pages repeat")
        self._cursor = page.next_cursor
        self.follow(page.rows())
        if page.next_cursor is None:
            self.bound = None
