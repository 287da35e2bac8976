"""What came is put in order when those who waited for it have gone on: weighed, let go of the bytes that it came in,
and its rows remembered, so that a run that some list has told need not be asked for.

Rows are remembered together, page by page, as there are many and few are asked for. Which page it was is known by run
as long as its rows are. None of it is needed for the answer at hand, and while that is made nothing else should be.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import cast
from weakref import WeakValueDictionary

from msgspec.structs import force_setattr, replace

from connectors.contract import Page
from connectors.footprint import detached, weight_of
from connectors.lifetimes import FINAL, FINISHED
from connectors.listed import Listed, Listing
from connectors.remembered import Answer, Memory, Told
from schema.identity import NativeId
from schema.model import Execution

AFTER_ALL = 0.05
"Seconds after an answer came until it is put in order: not while others are read that somebody waits for with it."


@dataclass(slots=True)
class Filing:
    """The answers of one source that are still to be put in order."""

    memory: Memory
    key_of: Callable[[NativeId], Hashable]
    "What a run is remembered by."
    by_row: bool
    "Lists tell all of a run that asking for it would."
    clock: Callable[[], float] = time.monotonic
    _told: "WeakValueDictionary[NativeId, Told]" = field(default_factory=WeakValueDictionary, init=False, repr=False)
    "By run, what of it is remembered."
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

    def promote(self, key: NativeId) -> None:
        """A run that some list has told is remembered as if it had been asked for, if it is over and that is news."""
        told, entry = self._told.get(key), self.memory.get(self.key_of(key))
        if told is None or (entry is not None and entry.answer.as_of >= told.as_of):
            return
        run = told.rows[key].read()
        if isinstance(run, Execution) and run.status.is_final:
            answer = Answer(run, told.as_of, FINISHED, self.clock() - told.born)
            self.memory.keep(self.key_of(key), answer, weight_of(run))

    def forget(self, key: NativeId) -> None:
        """What lists have told of this run counts no more."""
        self._told.pop(key, None)

    def _file(self, key: Hashable, answer: Answer, born: float) -> None:
        value = answer.value
        if isinstance(value, Page) and isinstance(value.executions, Listing):
            force_setattr(value, "executions", list(value.executions))  # so that it lets go of how they were told
        value = detached(value)
        if self.by_row and isinstance(value, Page) and isinstance(value.executions, list):
            weight = weight_of(replace(value, executions=())) + self._file_rows(value.executions, answer.as_of, born)
        else:
            weight = weight_of(value)
        self.memory.weigh(key, answer, weight)

    def _file_rows(self, rows: list[Execution | Listed], as_of: int, born: float) -> int:
        """Remembers those that are news, and gives what all weigh. One known before is the same value in all lists."""
        now, told, all_of_them, news = self.clock(), Told(as_of, born), 0, 0
        for at, row in enumerate(rows):
            listed = row if isinstance(row, Listed) else Listed.of(row)
            before = self._told.get(row.key)
            if before is not None and now - before.born < FINAL / 2 and _tell_the_same(before.rows[row.key], listed):
                listed = before.rows[row.key]
                rows[at] = listed if row.__class__ is Listed else cast(Execution, listed.read())
                weight = weight_of(listed)
            else:
                told.rows[row.key] = listed
                weight = weight_of(listed)
                news += weight
            all_of_them += weight
        if told.rows:
            self.memory.keep(told, Answer(told, as_of, FINISHED, now - born), news)
            self._told.update(dict.fromkeys(told.rows, told))
        return all_of_them


def _tell_the_same(known: Listed, row: Listed) -> bool:
    """By the record that is to be read, or by the runs where both have been."""
    if known.found is not None and row.found is not None:
        return known.found == row.found
    return bool(known.record == row.record)
