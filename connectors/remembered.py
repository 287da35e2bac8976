"""What a process remembers: answers with their age, in a bounded number of bytes that all its sources share.

Of answers that are still good the one that was not used for longest gives way first.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from cachetools import TLRUCache
from msgspec import Struct

from connectors.errors import ConnectorError, MissingError
from connectors.footprint import weight_of
from connectors.lifetimes import Lifetime
from connectors.listed import Listed
from connectors.questions import Value
from schema.identity import NativeId

DEFAULT_MB = 256
MB = 1024 * 1024
PLACE = 800
"Bytes that an answer takes besides its content and its question: its age, its place in the order of use and of time."


@dataclass(slots=True, eq=False, weakref_slot=True)
class Told:
    """Runs of which a list has told, be they over or not. Nothing that a source is asked for."""

    as_of: int
    "When the list was asked for, in nanoseconds since 1970."
    born: float
    "When it came, on the clock."
    rows: dict[NativeId, Listed] = field(default_factory=dict)


class Answer(Struct, frozen=True):
    """A value, or that there is none, as it came from the source."""

    value: "Value | MissingError | Told"
    as_of: int
    "When it was asked for, in nanoseconds since 1970."
    lifetime: Lifetime
    age: float = 0.0
    "Seconds since it came, as of when we got it: from a shared cache it comes with some."


@dataclass(slots=True, eq=False)
class Entry:
    """An answer in memory."""

    answer: Answer
    born: float
    "When it came, on the clock."
    weight: int
    failure: ConnectorError | None = None
    "What became of asking anew."
    rests_until: float = float("-inf")
    "Until when that is not tried again, on the clock."


def _death(_key: object, entry: Entry | None, now: float) -> float:
    return now if entry is None else entry.born + entry.answer.lifetime.hard


def _weight(entry: Entry | None) -> int:
    return 0 if entry is None else entry.weight


class Entries(TLRUCache[Hashable, Entry | None]):
    """Gives None for what is not there, which is asked for as often as what is: raising takes several times as long."""

    def __missing__(self, key: Hashable) -> None:
        """Called by `cachetools`."""


@dataclass(slots=True)
class Memory:
    """Answers by question. Those past their hard limit are gone."""

    max_bytes: int = DEFAULT_MB * MB
    clock: Callable[[], float] = time.monotonic
    _entries: Entries = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._entries = Entries(self.max_bytes, _death, timer=self.clock, getsizeof=_weight)

    def get(self, key: Hashable) -> Entry | None:
        """What is known, be it fresh or not."""
        return self._entries[key]

    def keep(self, key: Hashable, answer: Answer, weight: int | None = None) -> None:
        """Remembers an answer in place of the one before. One too large to be kept is not, nor is the one before.

        Args:
            key: What it is remembered by.
            answer: The answer.
            weight: Bytes of it and of the key, if that is known, be it roughly.
        """
        size = PLACE + (weight_of(key) + weight_of(answer.value) if weight is None else weight)
        if size > self.max_bytes:
            self.forget(key)
        else:
            self._entries[key] = Entry(answer, self.clock() - answer.age, size)

    def weigh(self, key: Hashable, answer: Answer, weight: int) -> None:
        """Corrects what an answer weighs, if it is still remembered. The key's own weight comes on top."""
        entry = self.get(key)
        if entry is not None and entry.answer is answer:
            entry.weight = PLACE + weight_of(key) + weight
            if entry.weight > self.max_bytes:
                self.forget(key)
            else:
                self._entries[key] = entry

    def forget(self, key: Hashable) -> None:
        """Forgets one answer."""
        self._entries.pop(key, None)

    @property
    def size(self) -> int:
        """Bytes taken."""
        return int(self._entries.currsize)

    def __len__(self) -> int:
        return len(self._entries)
