"""Chooses how a partition is read, by what its source declares."""

from connectors.contract import Connector, ExecutionQuery, Filter, Paging
from resolvers.offsets import OffsetStream
from resolvers.ordering import FIRST, Bound
from resolvers.streams import Memory, Stream, TokenStream, WholeStream
from resolvers.windows import WindowStream

BOUNDS_OF_START = frozenset({Filter.STARTED_FROM, Filter.STARTED_TO})


def open_stream(
    connector: Connector,
    partition: str,
    query: ExecutionQuery,
    memory: Memory,
    *,
    position: Bound = FIRST,
    bound: Bound = FIRST,
    hint: int | None = None,
) -> Stream:
    """The partition from a position on.

    Args:
        connector: The source.
        partition: One of its lists.
        query: What is wanted of it.
        memory: What is known of this partition from before.
        position: The key of the last row given.
        bound: Nothing comes before this: a hint from the page before.
        hint: Offset of the next row, from the page before.
    """
    can = connector.capabilities
    common = {
        "connector": connector,
        "partition": partition,
        "query": query,
        "memory": memory,
        "position": position,
        "bound": bound,
    }
    if query.order in can.orders and can.paging is Paging.OFFSET:
        return OffsetStream(**common, hint=hint)  # type: ignore[arg-type]  # by name, as above
    if query.order in can.orders and can.pushes_down >= BOUNDS_OF_START:
        return TokenStream(**common)  # type: ignore[arg-type]
    if not can.orders and can.pushes_down >= BOUNDS_OF_START:
        return WindowStream(**common)  # type: ignore[arg-type]
    return WholeStream(**common)  # type: ignore[arg-type]
