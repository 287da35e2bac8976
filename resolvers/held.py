"""Rows in order that are placed some at a time, as the list comes to them: of most pages few are ever shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.listed import Listed, Listing, comparable
from schema.model import ExecutionOrder

FEW, MANY = 4, 64
"Rows placed at a time: at first, and at the most. Twice as many each time."


@dataclass(slots=True)
class Held:
    """What has been read of a stream and not been handed over yet."""

    rows: Sequence[Listed]
    order: Sequence[int]
    "Indices of the rows, the first one of the list first."
    _handed: int = 0
    _portion: int = FEW

    @property
    def first(self) -> Listed | None:
        """The first row that is held; None when none is."""
        return self.rows[self.order[self._handed]] if self._handed < len(self.order) else None

    def some(self) -> Sequence[Listed]:
        """The next rows, which are held no more."""
        start, self._handed = self._handed, min(self._handed + self._portion, len(self.order))
        self._portion = min(2 * self._portion, MANY)
        return [self.rows[at] for at in self.order[start : self._handed]]


def by_start(rows: Sequence[Listed], order: ExecutionOrder) -> Sequence[int] | None:
    """Indices of rows in the order of their starts: a `range` if they have come so. None if a start is missing."""
    starts = _comparable(rows)
    if starts is None:
        return None
    is_descending = order.is_descending
    if list(starts) == sorted(starts, reverse=is_descending):
        return range(len(rows))
    return sorted(range(len(rows)), key=starts.__getitem__, reverse=is_descending)


def _comparable(rows: Sequence[Listed]) -> Sequence[Any] | None:
    """What sorts as the starts do: texts, unread, if that can be."""
    if isinstance(rows, Listing):
        return rows.comparable
    starts: list[Any] = [row.at for row in rows]
    if set(map(type, starts)) == {str} and (texts := comparable(starts)) is not None:
        return texts
    starts = [row.started for row in rows]
    return None if None in starts else starts
