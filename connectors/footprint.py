"""What values weigh in memory, in bytes, and how they are kept from weighing more than that.

A record's undecoded JSON is a view of the answer that it came in, which lives as long as any of its records does. What
is remembered gets bytes of its own.

Both walk over every run that comes in, so they ask a struct's type once which of its fields need to be looked at.
"""

import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from msgspec import Raw, Struct
from msgspec.structs import force_setattr

from connectors.listed import Listed, Listing
from schema.model import Timed

V = TypeVar("V")

RAW = 128
"Bytes of an undecoded value besides its content. Asked for its size it says none that is true."
NUMBER = 32
"Bytes of an integer or a float, at the most, as long as it fits a machine's word."

A_RUN = 4096
"Bytes of a run or a step besides its record, when nobody has looked: rather too many, until it is weighed."
ROW, READ = 400, 1536
"Bytes that a row of a list takes besides its record, and that it will take when it is read, as those shown are."

Kinds = frozenset[object]
"What the values of a field can be: the types that its annotation is made of."


def weight_of(value: object) -> int:
    """Bytes, rather more than less: what two values share is counted for both, but for the words of an enum."""
    if value is None or isinstance(value, bool | Enum):
        return 0
    if type(value) is Listed:
        record, found = len(memoryview(value.record)), value.found
        return ROW + record + (READ + record if found is None else weight_of(found))
    if isinstance(value, Raw):
        return RAW + len(memoryview(value))
    size = sys.getsizeof(value)
    if isinstance(value, str):
        return size
    if isinstance(value, Struct):
        numbers, names = _weighed(type(value))
        size += numbers
        for name in names:
            part = getattr(value, name)
            if type(part) is str:
                size += sys.getsizeof(part)
            elif part is not None:
                size += weight_of(part)
        return size
    if isinstance(value, list | tuple | set | frozenset):
        return size + sum(map(weight_of, value))
    if isinstance(value, Mapping):
        return size + sum(weight_of(name) + weight_of(one) for name, one in value.items())
    return size


def roughly(items: Sequence[Any]) -> int:
    """What runs or steps may weigh, told at once by the first and the last of them, and rather too high."""
    if type(items) is Listing:
        return A_RUN + len(items) * A_RUN + 2 * items.size
    return A_RUN + len(items) * (A_RUN + 2 * max(_record_size(items[0]), _record_size(items[-1]))) if items else A_RUN


def _record_size(item: Any) -> int:
    """Of what has a record, be it read or not."""
    record = item.record if type(item) is Listed else item.raw
    return 0 if record is None else len(memoryview(record))


def detached(value: V) -> V:
    """The same value, its undecoded parts copied out of the answer that they came in.

    A struct stays the object that it is, be it frozen: others may hold it already, and nobody can tell the difference.
    """
    return cast(V, _own(value))


def _own(value: object) -> object:
    """The very same object, but for sequences and mappings in which something has to be copied."""
    if isinstance(value, Raw):
        return value.copy()
    if type(value) is Listed:
        run = _own(value.found)
        value.record = run.raw if isinstance(run, Timed) and run.raw is not None else value.record.copy()
        return value
    if isinstance(value, Struct):
        for name in _searched(type(value)):
            part = getattr(value, name)
            if part:  # so that the many that are not there cost least
                own = part.copy() if type(part) is Raw else _own(part)
                if own is not part:
                    force_setattr(value, name, own)
        return value
    if isinstance(value, list | tuple):
        items = [_own(one) for one in value]
        return type(value)(items) if any(own is not one for own, one in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        owned = {name: _own(one) for name, one in value.items()}
        return owned if any(owned[name] is not one for name, one in value.items()) else value
    return value


@lru_cache(maxsize=256)
def _weighed(kind: type[Struct]) -> tuple[int, tuple[str, ...]]:
    """Bytes of a struct's numbers, as if all were there, and the names of its fields that differ in weight."""
    kinds = _fields(kind)
    numbers = [name for name, of in kinds.items() if all(_is_number(one) for one in of)]
    return NUMBER * len(numbers), tuple(name for name in kinds if name not in numbers)


@lru_cache(maxsize=256)
def _searched(kind: type[Struct]) -> tuple[str, ...]:
    """The names of a struct's fields that may hold something undecoded."""
    return tuple(name for name, of in _fields(kind).items() if not all(map(_is_plain, of)))


def _fields(kind: type[Struct]) -> dict[str, Kinds]:
    hints = get_type_hints(kind)
    return {name: _kinds(hints.get(name, Any)) for name in kind.__struct_fields__}


def _kinds(hint: object) -> Kinds:
    """`tuple[str, ...] | None` is made of tuple, str and None."""
    origin = get_origin(hint)
    if origin is None:
        return frozenset({hint})
    own = frozenset() if origin in (Union, UnionType) else frozenset({origin})
    return own.union(*(_kinds(one) for one in get_args(hint) if one is not ...))


def _is_number(kind: object) -> bool:
    """Or a word of an enum, or nothing: what takes no room of its own, or always the same."""
    return isinstance(kind, type) and (kind in (int, float, bool, NoneType) or issubclass(kind, Enum))


def _is_plain(kind: object) -> bool:
    """Nothing undecoded is in it. Of a struct that holds only if no type is made of it."""
    if not isinstance(kind, type):
        return False
    if issubclass(kind, Struct):
        return kind not in (Struct, Listed) and not kind.__subclasses__() and not _searched(kind)
    return _is_number(kind) or issubclass(kind, str) or kind in (tuple, list, frozenset)
