"""Encoded parts of answers, kept as long as there is room: what never changes is encoded once.

A part belongs to one object and one selection. It is found by the object's identity, which costs less than any key made
of its content; so the object itself is kept with it, and an equal one that is not the same starts anew.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Raw

PLACE = 250
"Bytes that a part takes besides its text and its object."

Part = tuple[Any, Raw, int]
"The object, its text in the answer, and the bytes that both take."


@dataclass(slots=True, eq=False)
class Shelf:
    """Parts of one selection, by their objects' ids. What was not asked for since the last clearing is in `old`."""

    young: dict[int, Part] = field(default_factory=dict)
    old: dict[int, Part] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Kept:
    """All parts, within a number of bytes. Clears in two generations: what was of use since the last time stays.

    Args:
        weigh: Bytes that an object takes, which cannot be freed as long as a part of it is kept.
    """

    max_bytes: int
    weigh: Callable[[Any], int] = lambda value: 0
    size: int = 0
    "Bytes taken since the last clearing."
    _shelves: dict[Hashable, Shelf] = field(default_factory=dict)

    def shelf(self, key: Hashable) -> Shelf:
        """The shelf of a selection."""
        shelf = self._shelves.get(key)
        if shelf is None:
            shelf = self._shelves[key] = Shelf()
            self.size += PLACE
        return shelf

    def look_back(self, shelf: Shelf, value: object) -> Raw | None:
        """A part that is not among the young ones; from now on it is."""
        part = shelf.old.pop(id(value), None)
        if part is None or part[0] is not value:
            return None
        shelf.young[id(value)] = part
        self.size += part[2]
        return part[1]

    def keep(self, shelf: Shelf, value: object, text: bytes) -> Raw:
        """The text, from now on kept; one that alone would take much of the room is not."""
        raw, size = Raw(text), PLACE + len(text) + self.weigh(value)
        if size > self.max_bytes // 8:
            return raw
        if self.size + size > self.max_bytes // 2:
            self._clear()
        shelf.young[id(value)] = (value, raw, size)
        self.size += size
        return raw

    def _clear(self) -> None:
        self._shelves = {key: shelf for key, shelf in self._shelves.items() if shelf.young}
        for shelf in self._shelves.values():
            shelf.old, shelf.young = shelf.young, {}
        self.size = 0

    def __len__(self) -> int:
        return sum(len(shelf.young) + len(shelf.old) for shelf in self._shelves.values())


class Coming:
    """An object whose text is to be kept, once it has been made. No dataclass: an encoder would take it for JSON."""

    __slots__ = ("built", "lasts", "shelf", "value")

    def __init__(self, value: object, shelf: Shelf) -> None:
        self.value, self.shelf = value, shelf
        self.built: Any = None
        self.lasts = True  # until one of its parts turns out to be good for this answer only
