"""Lists that are read whole, and sorted here: from sources that cannot give the order wanted in any other way."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from connectors.contract import ExecutionQuery, Page, Paging
from connectors.errors import LimitReachedError, UnreadableError
from connectors.listed import Listed
from resolvers.offsets import OffsetWalk
from resolvers.ordering import last_rank, rank_of
from resolvers.streams import MAX_WHOLE_PAGES, Stream

Rows = Sequence[Listed]


async def listing(stream: Stream, query: ExecutionQuery, page: Page | None = None) -> AsyncIterator[Rows]:
    """All pages of a list, the first of which may be at hand already.

    Raises:
        ConnectorError: The source did not answer, or there are more than `MAX_WHOLE_PAGES`.
    """
    is_walked = stream.terms.can.paging is Paging.OFFSET
    walk = OffsetWalk(lambda offset: stream.fetch(query, str(offset) if offset else None))
    cursors: set[str | None] = {None}
    while True:
        if stream.pages >= MAX_WHOLE_PAGES:
            raise LimitReachedError(f"{stream.partition!r} has more runs than can be sorted here; give a time range")
        if is_walked:
            _, rows = await walk.more(page)
            yield rows
            is_done = walk.is_done
        else:
            page = await stream.fetch(query, None) if page is None else page
            yield page.rows()
            is_done = page.next_cursor is None
        if is_done:
            return
        if not is_walked and page is not None:
            if page.next_cursor in cursors:
                raise UnreadableError("the pages repeat")
            cursors.add(page.next_cursor)
            page = await stream.fetch(query, page.next_cursor)
        else:
            page = None


@dataclass(slots=True, kw_only=True)
class WholeStream(Stream):
    """Reads all at once."""

    async def _advance(self) -> None:
        can = self.terms.can
        # nothing is asked for by the position: a source would leave out the runs without a start
        query = self.terms.asking(self.terms.query.started, can.page_size)
        # a list in the opposite order can be left once it is past the position
        opposite = next(iter(can.orders - {self.terms.query.order}), None)
        last = None if opposite is None else last_rank(opposite, self.asked_range())
        async for rows in listing(self, query):
            self.take(self.placed(rows))
            if opposite is not None and last is not None:
                ranks = [rank_of(row.started, opposite) for row in rows if row.started is not None]
                if len(ranks) > self.doubt and min(ranks) - self.slack > last:
                    break
        self.bound = None
