"""Values that are made of a model's fields once, at their first reading: an object may be in many answers."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class derived(Generic[T]):  # reads like `property`
    """Like `functools.cached_property`, but the value lies in a slot of the object, named like it with `_` before.

    A slot is read in a tenth of the time that a dict of the object takes, takes less room, and is no field: it has no
    part in what the object equals. Some base class that is no struct has it in its `__slots__`.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.slot = f"_{name}"
        "Where the value lies once it has been read."

    @overload
    def __get__(self, value: None, owner: type) -> Self: ...
    @overload
    def __get__(self, value: object, owner: type) -> T: ...
    def __get__(self, value: object, owner: type) -> Self | T:
        """The value."""
        if value is None:
            return self
        try:
            found: T = getattr(value, self.slot)
        except AttributeError:
            found = self._make(value)
            getattr(owner, self.slot).__set__(value, found)  # the object itself is frozen
        return found


class part(Generic[T]):  # the same
    """What is a part of a field's value, under a name of its own. Who knows its `path` goes there without a call."""

    def __init__(self, *names: str) -> None:
        self.path = ".".join(names)
        "From the object."
        self._read = attrgetter(self.path)

    @overload
    def __get__(self, value: None, owner: type) -> Self: ...
    @overload
    def __get__(self, value: object, owner: type) -> T: ...
    def __get__(self, value: object, owner: type) -> Self | T:
        """The part."""
        if value is None:
            return self
        found: T = self._read(value)
        return found
