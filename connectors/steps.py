"""The steps of a run, from records to models: all at once, as nearly always they can be read, else each by itself.

So one unreadable step spoils itself only, and the many that are well cost little.
"""

from collections.abc import Callable, Sequence
from itertools import count
from operator import attrgetter
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw

from connectors.errors import UnreadableError
from connectors.listed import Unreadable
from connectors.reading import decode, id_of, instant
from schema.instant import are_times
from schema.model import ExecutionStep

T = TypeVar("T")
Step = TypeVar("Step", bound=ExecutionStep)


class Wires(Generic[T]):
    """Decodes records of one kind. What it gives has times that can be read: nobody need do so to find out."""

    def __init__(self, kind: type[T], what: str, *times: str) -> None:
        """`what` is such a record in the words of errors, with `{}` for its index; `times` are attributes."""
        self._one, self._all = msgspec.json.Decoder(kind), msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self._what = what
        self._times = [attrgetter(name) for name in times]

    def one(self, record: Raw, index: int = 0) -> T:
        """Raises an UnreadableError, as `decode` does."""
        wire = decode(self._one, record, self._what.format(index))
        for time in self._times:
            instant(time(wire))
        return wire

    def all(self, records: Sequence[Raw]) -> list[T]:
        """As many as there are records. Raises the same if one cannot be read; `one` has the words for it."""
        wires = decode(self._all, Raw(b"[%b]" % b",".join(records)), self._what)
        times = [time(wire) for time in self._times for wire in wires]
        return wires if are_times(list(filter(None, times))) else list(map(self.one, records, count()))


def read_steps(
    records: Sequence[Raw], wires: Wires[T], read: Callable[[T, Raw, int], Step]
) -> tuple[tuple[Step, ...], tuple[Unreadable, ...]]:
    """Those that can be read, and word of those that cannot. One without an id is named by its index.

    Args:
        records: As they came.
        wires: Decodes them.
        read: Takes what was decoded, the record and its index.
    """
    if not records:
        return (), ()
    try:
        return tuple(map(read, wires.all(records), records, range(len(records)))), ()
    except (UnreadableError, ValueError, ArithmeticError):
        return _one_by_one(records, wires, read)


def _one_by_one(
    records: Sequence[Raw], wires: Wires[T], read: Callable[[T, Raw, int], Step]
) -> tuple[tuple[Step, ...], tuple[Unreadable, ...]]:
    good: list[Step] = []
    bad: list[Unreadable] = []
    for index, record in enumerate(records):
        try:
            good.append(read(wires.one(record, index), record, index))
        except (UnreadableError, ValueError, ArithmeticError) as error:
            bad.append(Unreadable(native_id=id_of(record, "id") or f"#{index}", reason=str(error)[:200]))
    return tuple(good), tuple(bad)
