"""What came is put in order when those who waited for it have gone on: weighed, let go of the bytes that it came in,
and remembered row by row, so that a run that some list has told need not be asked for.

None of it is needed for the answer at hand, and while that is made nothing else should be.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from msgspec.structs import replace

from connectors.contract import Listed, Page
from connectors.footprint import detached, weight_of
from connectors.lifetimes import FINAL, FINISHED
from connectors.remembered import Answer, Entry, Memory
from schema.identity import NativeId
from schema.model import Execution

AFTER_ALL = 0.05
"Seconds after an answer came until it is put in order: not while others are read that somebody waits for with it."

Row = Execution | Listed


@dataclass(slots=True)
class Filing:
    """The answers of one source that are still to be put in order."""

    memory: Memory
    key_of: Callable[[NativeId], Hashable]
    "What a run is remembered by."
    by_row: bool
    "Lists tell all of a run that asking for it would."
    clock: Callable[[], float] = time.monotonic
    _due: "deque[tuple[Hashable, Answer, float]]" = field(default_factory=deque, init=False, repr=False)
    "With the time when each came, on the clock."
    _timer: asyncio.TimerHandle | None = field(default=None, init=False, repr=False)

    def later(self, key: Hashable, answer: Answer) -> None:
        """Puts an answer in order by and by. A page's runs have to be a list that is nobody else's."""
        self._due.append((key, answer, self.clock() - answer.age))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(AFTER_ALL, self._some)

    def finish(self) -> None:
        """All of it now, as single runs are what it is about."""
        while self._due:
            self._file(*self._due.popleft())

    def close(self) -> None:
        """No more of it."""
        if self._timer is not None:
            self._timer.cancel()

    def _some(self) -> None:
        """An answer at a time, so that nobody is held up for long."""
        self._timer = None
        if self._due:
            self._file(*self._due.popleft())
        if self._due:
            self._timer = asyncio.get_running_loop().call_later(0, self._some)

    def _file(self, key: Hashable, answer: Answer, born: float) -> None:
        value = detached(answer.value)
        if self.by_row and isinstance(value, Page) and isinstance(value.executions, list):
            weight, rows = weight_of(replace(value, executions=())), value.executions
            for at, row in enumerate(rows):
                rows[at], of_row = self._filed(row, answer.as_of, born)
                weight += of_row
        else:
            weight = weight_of(value)
        self.memory.weigh(key, answer, weight)

    def _filed(self, row: Row, as_of: int, born: float) -> tuple[Row, int]:
        """The row, remembered by itself, and what it weighs. One known before is the same value in all lists."""
        key = self.key_of(row.key)
        entry = self.memory.get(key)
        if entry is not None:
            known = entry.answer.value
            if isinstance(known, Listed | Execution) and _tells_the_same(known, row):
                if self.clock() - entry.born < FINAL / 2:
                    return known, entry.weight
            elif not isinstance(known, Listed) and not _is_over(row):
                return row, weight_of(row)  # what was asked for is good for some seconds yet
        weight = weight_of(row)
        if isinstance(row, Listed) or _is_over(row):
            self.memory.keep(key, Answer(row, as_of, FINISHED, self.clock() - born), weight)
        return row, weight


def told_by_list(entry: Entry) -> bool:
    """Whether what is remembered of a run may be given: what a list has told counts when the run is over.

    It is read now, if it was not.
    """
    if isinstance(row := entry.answer.value, Listed):
        if not _is_over(row):
            return False
        entry.answer = replace(entry.answer, value=row.read())
    return True


def _tells_the_same(known: Row, row: Row) -> bool:
    if isinstance(known, Listed) and isinstance(row, Listed):
        return bool(known.record == row.record)
    return _read(known) == _read(row)


def _is_over(row: Row) -> bool:
    run = _read(row)
    return isinstance(run, Execution) and run.status.is_final


def _read(row: Row) -> object:
    return row.read() if isinstance(row, Listed) else row
