"""What values weigh in memory, in bytes, and how they are kept from weighing more than that.

A record's undecoded JSON is a view of the answer that it came in, which lives as long as any of its records does. What
is remembered gets bytes of its own.
"""

import sys
from collections.abc import Mapping
from typing import TypeVar

from msgspec import Raw, Struct
from msgspec.structs import replace

from connectors.contract import Page, StepList

S = TypeVar("S", bound=Struct)
V = TypeVar("V")

RAW = 56
"Bytes of an undecoded value besides its content, and besides the bytes object that holds it."


def weight_of(value: object) -> int:
    """Bytes, rather more than less: what two values share is counted for both."""
    if value is None or isinstance(value, bool):
        return 0
    size = sys.getsizeof(value)
    if isinstance(value, Raw):
        return size + RAW + len(memoryview(value))
    if isinstance(value, Struct):
        return size + sum(weight_of(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, list | tuple | set | frozenset):
        return size + sum(map(weight_of, value))
    if isinstance(value, Mapping):
        return size + sum(weight_of(name) + weight_of(one) for name, one in value.items())
    return size


def detached(value: V) -> V:
    """The same value, with its undecoded parts copied out of the answer that they came in."""
    if isinstance(value, Page):
        return replace(value, executions=[_own(run) for run in value.executions])
    if isinstance(value, StepList):
        return replace(value, steps=tuple(_own(step) for step in value.steps))
    return _own(value) if isinstance(value, Struct) else value


def _own(record: S) -> S:
    parts = {name: part.copy() for name in record.__struct_fields__ if isinstance(part := getattr(record, name), Raw)}
    return replace(record, **parts) if parts else record
