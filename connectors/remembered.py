"""What a process remembers: answers with their age, in a bounded number of bytes that all its sources share.

Of answers that are still good the one that was not used for longest gives way first.
"""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

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
"Bytes that an answer takes besides its content and its question: its age, its place in the order of use, its minute."
MINUTE = 60.0
"Seconds. Answers that reach their hard limit in the same minute go together, when it is over."
SOME = 100
"As many go whenever an answer comes: so few that it is not held up, and many more than can come meanwhile."


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


class Entry(Struct, eq=False):
    """An answer in memory."""

    answer: Answer
    born: float
    "When it came, on the clock."
    end: float
    "When it reaches its hard limit, on the clock."
    weight: int
    failure: ConnectorError | None = None
    "What became of asking anew."
    rests_until: float = float("-inf")
    "Until when that is not tried again, on the clock."


@dataclass(slots=True)
class Memory:
    """Answers by question. Those past their hard limit are gone: at once for who asks, and soon for good."""

    max_bytes: int = DEFAULT_MB * MB
    clock: Callable[[], float] = time.monotonic
    size: int = field(default=0, init=False)
    "Bytes taken."
    _entries: OrderedDict[Hashable, Entry] = field(default_factory=OrderedDict, init=False, repr=False)
    "The one used last comes last."
    _ending: defaultdict[float, set[Hashable]] = field(default_factory=lambda: defaultdict(set), init=False, repr=False)
    "Which of them reach their hard limit, by minute: to have all in the order of time takes several times as long."
    _minute: float = field(init=False, repr=False)
    "The first one of which some may be left."

    def __post_init__(self) -> None:
        self._minute = self.clock() // MINUTE

    def get(self, key: Hashable) -> Entry | None:
        """What is known, be it fresh or not."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.end <= self.clock():
            self.forget(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def keep(self, key: Hashable, answer: Answer, weight: int | None = None) -> None:
        """Remembers an answer in place of the one before. One too large to be kept is not, nor is the one before.

        Args:
            key: What it is remembered by.
            answer: The answer.
            weight: Bytes of it and of the key, if that is known, be it roughly.
        """
        now = self.clock()
        born = now - answer.age
        size = PLACE + (weight_of(key) + weight_of(answer.value) if weight is None else weight)
        self._put(key, Entry(answer, born, born + answer.lifetime.hard, size), now)
        if self._minute < (minute := now // MINUTE):
            self._let_some_go(minute)

    def weigh(self, key: Hashable, answer: Answer, weight: int) -> None:
        """Corrects what an answer weighs, if it is still remembered. The key's own weight comes on top."""
        entry = self.get(key)
        if entry is not None and entry.answer is answer:
            self.forget(key)  # with the weight that it had
            entry.weight = PLACE + weight_of(key) + weight
            self._put(key, entry, self.clock())

    def forget(self, key: Hashable) -> None:
        """Forgets one answer."""
        gone = self._entries.pop(key, None)
        if gone is not None:
            self.size -= gone.weight
            minute = gone.end // MINUTE
            ending = self._ending[minute]
            ending.discard(key)
            if not ending:
                del self._ending[minute]

    def __len__(self) -> int:
        return len(self._entries)

    def _put(self, key: Hashable, entry: Entry, now: float) -> None:
        """In place of the one before, and of as many others as need be."""
        self.forget(key)
        if entry.weight > self.max_bytes or entry.end <= now:
            return
        self._entries[key] = entry
        self._ending[entry.end // MINUTE].add(key)
        self.size += entry.weight
        while self.size > self.max_bytes:
            self.forget(next(iter(self._entries)))

    def _let_some_go(self, this_minute: float) -> None:
        """Of those whose minute is over."""
        for _ in range(SOME):
            if self._minute >= this_minute:
                break
            if over := self._ending.get(self._minute):
                self.forget(over.pop())
            else:
                self._minute += 1
