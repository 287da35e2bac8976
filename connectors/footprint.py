"""What values weigh in memory, in bytes, and how they are kept from weighing more than that.

A record's undecoded JSON is a view of the answer that it came in, which lives as long as any of its records does. What
is remembered gets bytes of its own.
"""

import sys
from collections.abc import Mapping
from typing import TypeVar, cast

from msgspec import Raw, Struct
from msgspec.structs import replace

V = TypeVar("V")

RAW = 128
"Bytes of an undecoded value besides its content. Asked for its size it says none that is true."


def weight_of(value: object) -> int:
    """Bytes, rather more than less: what two values share is counted for both."""
    if value is None:
        return 0
    if isinstance(value, Raw):
        return RAW + len(memoryview(value))
    size = sys.getsizeof(value)
    if isinstance(value, str):
        return size
    if isinstance(value, Struct):
        return size + sum(weight_of(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, list | tuple | set | frozenset):
        return size + sum(map(weight_of, value))
    if isinstance(value, Mapping):
        return size + sum(weight_of(name) + weight_of(one) for name, one in value.items())
    return size


def detached(value: V) -> V:
    """The same value, with its undecoded parts copied out of the answer that they came in."""
    return cast(V, _own(value))


def _own(value: object) -> object:
    """The very same object where nothing in it has to be copied."""
    if isinstance(value, Raw):
        return value.copy()
    if isinstance(value, Struct):
        parts = {name: part for name in value.__struct_fields__ if (part := getattr(value, name)) is not None}
        copied = {name: own for name, part in parts.items() if (own := _own(part)) is not part}
        return replace(value, **copied) if copied else value
    if isinstance(value, list | tuple):
        items = [_own(one) for one in value]
        return type(value)(items) if any(own is not one for own, one in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        owned = {name: _own(one) for name, one in value.items()}
        return owned if any(owned[name] is not one for name, one in value.items()) else value
    return value
