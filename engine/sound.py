"""Objects that were found sound: each value of theirs was its own place in the answer, down to the leaves.

What is frozen stays as it is. So a sound object is not checked the next time: its values are only read. It is known by
its identity, as long as it lives: a weak reference forgets it before its place in memory can be another's.
"""

from collections.abc import Callable
from functools import cached_property
from inspect import getattr_static
from typing import Any
from weakref import KeyedRef

from msgspec import Struct


def can_be_noted(cls: type) -> bool:
    """Whether objects of a class are frozen, and tell when they go."""
    return _is_frozen(cls) and cls.__weakrefoffset__ != 0


def read_again(cls: type, attribute: str, name: Callable[[Any], str]) -> str | None:
    """How an attribute of a sound object `v` is read, if it always gives the same.

    That is a field of a frozen struct, what is made of it once, and a constant of the class. What a descriptor makes
    once may lie in a slot of the object, if the descriptor tells its name as `slot`: that is where it is read. What it
    finds in what is frozen, too, it may tell the way to as `path`.

    Args:
        name: Gives a thing of ours a name in the code.
    """
    if not _is_frozen(cls):
        return None
    found = getattr_static(cls, attribute, property())
    if attribute in cls.__struct_fields__ or isinstance(found, cached_property):  # type: ignore[attr-defined]
        return f"v.{attribute}"
    slot = getattr(found, "slot", None)
    if isinstance(slot, str):
        return f"v.{slot}"
    if (path := path_of(cls, attribute)) is not None:
        return f"v.{path}"
    return None if hasattr(type(found), "__get__") else name(found)


def path_of(cls: type, attribute: str) -> str | None:
    """The way from an object to what an attribute stands for, if its descriptor tells one: going it needs no call."""
    path = getattr(getattr_static(cls, attribute, None), "path", None)
    return path if isinstance(path, str) else None


def _is_frozen(cls: type) -> bool:
    return issubclass(cls, Struct) and cls.__struct_config__.frozen


class Sound(dict[int, "KeyedRef[int, Any]"]):
    """Of one class, as far as one selection goes."""

    def __init__(self) -> None:
        super().__init__()
        self._forget = lambda noted: self.pop(noted.key, None)

    def noting(self, check: Callable[..., Any]) -> Callable[..., Any]:
        """The function that checks, and what it finds sound is noted."""

        def first(v: Any, p: Any, m: Any) -> Any:
            outer, p.is_sound = p.is_sound, True
            built = check(v, p, m)
            if p.is_sound:
                self[id(v)] = KeyedRef(v, self._forget, id(v))
            p.is_sound = outer  # what was asked for in batches is no part of whom it was asked for
            return built

        return first
