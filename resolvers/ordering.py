"""The one order of the list: start time, then source, then id; and how to say «not before here» to a source.

Runs are ranked so that the list is always ascending: by the start in nanoseconds, negated for newest first. A key is
`(rank, source, workflow, execution)`; a shorter tuple, `(rank,)`, comes before all keys of its rank and marks a bound.
"""

from collections.abc import Iterable

from connectors.contract import Range
from connectors.listed import Listed
from schema.model import FOREVER, ExecutionOrder

Key = tuple[int, str, str, str]
Bound = tuple[int, *tuple[str, ...]]

FIRST: Bound = (-FOREVER - 1,)


def rank_of(ns: int | None, order: ExecutionOrder) -> int:
    """Where a start stands in the list."""
    if ns is None:
        ns = FOREVER
    return -ns if order.is_descending else ns


def placed(rows: Iterable[Listed], source: str, order: ExecutionOrder) -> list[tuple[Key, Listed]]:
    """Rows of a source, each with where it stands in the list."""
    sign = -1 if order is ExecutionOrder.STARTED_AT_DESC else 1
    return [
        ((sign * (FOREVER if (at := row.started) is None else at), source, row.key.workflow, row.key.execution), row)
        for row in rows
    ]


def not_before(rank: int, order: ExecutionOrder, within: Range) -> Range:
    """The part of a range of starts that is not before a rank."""
    if abs(rank) >= FOREVER:
        return within
    if order.is_descending:
        end = -rank + 1
        return Range(within.start, end if within.end is None else min(end, within.end))
    return Range(rank if within.start is None else max(rank, within.start), within.end)


def not_after(until: int, within: Range) -> Range:
    """The part of a range of starts that is not after a moment."""
    return Range(within.start, until + 1 if within.end is None else min(within.end, until + 1))


def first_rank(order: ExecutionOrder, within: Range) -> int:
    """The rank before which nothing in the range can come; that of `FIRST` when the range is open there."""
    if order.is_descending:
        return FIRST[0] if within.end is None else -within.end + 1
    return FIRST[0] if within.start is None else within.start


def last_rank(order: ExecutionOrder, within: Range) -> int | None:
    """The rank after which nothing in the range can come; None when the range is open there."""
    if order.is_descending:
        return None if within.start is None else -within.start
    return None if within.end is None else within.end - 1
