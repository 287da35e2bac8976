"""Objects that were found sound: each value of theirs was its own place in the answer, down to the leaves.

What is frozen stays as it is. So a sound object is not checked the next time: its values are only read. It is known by
its identity, as long as it lives: a weak reference forgets it before its place in memory can be another's.
"""

from collections.abc import Callable
from functools import cached_property
from inspect import getattr_static
from typing import Any
from weakref import ref

from msgspec import Struct


def can_be_noted(cls: type) -> bool:
    """Whether objects of a class are frozen, and tell when they go."""
    return _is_frozen(cls) and cls.__weakrefoffset__ != 0


def stays(cls: type, attribute: str) -> bool:
    """Whether an attribute always gives the same: a field of a frozen struct, what is made once of it, a constant."""
    if not _is_frozen(cls):
        return False
    if attribute in cls.__struct_fields__:  # type: ignore[attr-defined]
        return True
    found = getattr_static(cls, attribute, property())
    return isinstance(found, cached_property) or not hasattr(type(found), "__get__")


def _is_frozen(cls: type) -> bool:
    return issubclass(cls, Struct) and cls.__struct_config__.frozen


class Sound(dict[int, "ref[Any]"]):
    """Of one class, as far as one selection goes."""

    def noting(self, check: Callable[..., Any]) -> Callable[..., Any]:
        """The function that checks, and what it finds sound is noted."""

        def first(v: Any, p: Any, m: Any) -> Any:
            outer, p.is_sound = p.is_sound, True
            built = check(v, p, m)
            if p.is_sound:
                self._note(v)
            p.is_sound = outer  # what was asked for in batches is no part of whom it was asked for
            return built

        return first

    def _note(self, value: object) -> None:
        key = id(value)
        self[key] = ref(value, lambda _: self.pop(key, None))
