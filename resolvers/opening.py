"""Chooses how a partition is read, by what its source declares."""

import time
from collections.abc import Callable

from connectors.contract import Connector, ExecutionQuery, Filter, Paging
from resolvers.offsets import OffsetStream
from resolvers.ordering import FIRST, Bound
from resolvers.streams import Memory, Stream, TokenStream
from resolvers.whole import WholeStream
from resolvers.windows import WindowStream

BOUNDS_OF_START = frozenset({Filter.STARTED_FROM, Filter.STARTED_TO})


def open_stream(
    connector: Connector,
    partition: str,
    query: ExecutionQuery,
    memory: Memory,
    *,
    position: Bound = FIRST,
    bound: Bound | None = FIRST,
    carried_slack: int = 0,
    until: int | None = None,
    hint: int | None = None,
    now: Callable[[], int] = time.time_ns,
) -> Stream:
    """The partition from a position on.

    Args:
        connector: The source.
        partition: One of its lists.
        query: What is wanted of it.
        memory: What is known of this source from before.
        position: The key of the last row given.
        bound: Nothing comes before this, or with None nothing at all: a hint from the page before.
        carried_slack: Nanoseconds by which rows were out of order on the pages before.
        until: Runs that started later, in nanoseconds since 1970, are not part of the list.
        hint: `Stream.hint_for`, from the page before.
        now: The wall clock.
    """
    can = connector.capabilities
    common = {
        "connector": connector,
        "partition": partition,
        "query": query,
        "memory": memory,
        "position": position,
        "bound": bound,
        "carried_slack": carried_slack,
        "until": until,
    }
    if query.order in can.orders and can.paging is Paging.OFFSET:
        return OffsetStream(**common, hint=hint)  # type: ignore[arg-type]  # by name, as above
    if query.order in can.orders and can.pushes_down >= BOUNDS_OF_START:
        return TokenStream(**common)  # type: ignore[arg-type]
    if not can.orders and can.pushes_down >= BOUNDS_OF_START:
        return WindowStream(**common, hint=hint, now=now)  # type: ignore[arg-type]
    return WholeStream(**common)  # type: ignore[arg-type]
