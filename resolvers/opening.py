"""Chooses how the partitions of a source are read, by what the source declares."""

import time
from collections.abc import Callable
from typing import Protocol

from connectors.contract import Capabilities, Connector, ExecutionQuery, Filter, Paging
from resolvers.offsets import OffsetStream
from resolvers.ordering import FIRST, Bound
from resolvers.streams import Memory, Stream, Terms, TokenStream
from resolvers.whole import WholeStream
from resolvers.windows import WindowStream
from schema.model import ExecutionOrder

BOUNDS_OF_START = frozenset({Filter.STARTED_FROM, Filter.STARTED_TO})


class Open(Protocol):
    """Opens the partitions of a source."""

    def __call__(self, partition: str, bound: Bound | None = FIRST, hint: int | None = None) -> Stream:
        """The partition from the position on.

        Args:
            partition: One of its lists.
            bound: Nothing comes before this, or with None nothing at all: a hint from the page before.
            hint: `Stream.hint_for`, from the page before.
        """


def opening(
    connector: Connector,
    query: ExecutionQuery,
    memory: Memory,
    *,
    position: Bound = FIRST,
    carried_slack: int = 0,
    until: int | None = None,
    now: Callable[[], int] = time.time_ns,
) -> Open:
    """What opens the partitions of a source, of which it may have many: all that they share is looked up once.

    Args:
        connector: The source.
        query: What is wanted of it.
        memory: What is known of this source from before.
        position: The key of the last row given.
        carried_slack: Nanoseconds by which rows were out of order on the pages before.
        until: Runs that started later, in nanoseconds since 1970, are not part of the list.
        now: The wall clock.
    """
    kind = _kind(connector.capabilities, query.order)
    terms = Terms(connector, query, memory, position, carried_slack, until, now)

    def open_stream(partition: str, bound: Bound | None = FIRST, hint: int | None = None) -> Stream:
        at = None if bound is None else terms.start_at(bound)
        stream: Stream = kind(terms=terms, partition=partition, bound=at, hint=hint)
        return stream

    return open_stream


def _kind(can: Capabilities, order: ExecutionOrder) -> type[Stream]:
    if order in can.orders and can.paging is Paging.OFFSET:
        return OffsetStream
    if order in can.orders and can.pushes_down >= BOUNDS_OF_START:
        return TokenStream
    if not can.orders and can.pushes_down >= BOUNDS_OF_START:
        return WindowStream
    return WholeStream
