"""Fields whose values are asked for many objects at a time.

A compiled selection asks for all its objects in one call; a resolver of one object is made of the same function, behind
a dataloader. What is found for the runs of a page is remembered with it.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aiodataloader import DataLoader

from resolvers.context import Context, Info
from schema.model import Execution

V = TypeVar("V")

MAX_REMEMBERED = 8
"Fields and arguments of one page whose values are remembered."
LIVE = 5.0
"Seconds for which what was found for a run that is not over is good."


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One field of a type or interface."""

    resolve: Callable[..., Sequence[Any] | Awaitable[Sequence[Any]]]
    "Takes the objects, a resolver's info and the arguments. Gives as many values; an exception in place of one."
    lasts: Callable[[Any, Any, Info], bool] = lambda parent, value, info: True
    "Whether the value of an object that changes no more is what it will always be, or until the version changes."
    version: Callable[[Info], Hashable | None] | None = None
    "What changes whenever a value may; None: not known now."

    async def resolve_one(self, parent: object, info: Info, **arguments: Any) -> Any:
        """The field's resolver."""
        loaders = info.context.batches
        key = (id(self), repr(arguments))
        if key not in loaders:
            loaders[key] = OneByOne(self, info, arguments)
        return await loaders[key].load(parent)


class OneByOne(DataLoader[Any, Any]):
    """Gathers the objects that are asked for one by one in the same tick."""

    cache = False

    def __init__(self, batch: Batch, info: Info, arguments: dict[str, Any]) -> None:
        super().__init__()
        self._batch, self._info, self._arguments = batch, info, arguments

    async def batch_load_fn(self, keys: list[Any]) -> list[Any]:
        """Same length and order as the keys."""
        found = self._batch.resolve(keys, self._info, **self._arguments)
        return list(await found if isinstance(found, Awaitable) else found)


class Unknown:
    """In place of a value that has to be asked for."""


UNKNOWN: Final = Unknown()


def values_of(  # noqa: PLR0917  # of one kind
    context: Context,
    field: Hashable,
    runs: Sequence[Execution],
    known: Callable[[Execution], V | Unknown],
    find: Callable[[Execution], Awaitable[V]],
    lasts: Callable[[V], bool] = lambda value: True,
) -> Sequence[V | BaseException] | Awaitable[Sequence[V | BaseException]]:
    """A value for each run: remembered, or known without asking; otherwise all that is missing is asked for together.

    Args:
        field: What the values are remembered by.
        lasts: Whether a value that was found is to be remembered.
    """
    memory = context.remembered(field, MAX_REMEMBERED)
    now = context.house.clock()
    if now >= memory.until:
        memory.forget(now)
    found = [memory.get(id(run)) for run in runs]
    if None not in found:
        return [one[1] for one in found if one is not None]
    values: list[Any] = []
    missing: list[int] = []
    for index, (run, one) in enumerate(zip(runs, found, strict=True)):
        if one is not None:
            values.append(one[1])
            continue
        try:
            value: Any = known(run)
        except Exception as error:  # one that is not as it should be spoils itself
            values.append(error)
            continue
        if value is UNKNOWN:
            missing.append(index)
        else:
            memory.keep(run, value)
        values.append(value)

    async def ask() -> Sequence[Any]:
        found = await asyncio.gather(*(find(runs[index]) for index in missing), return_exceptions=True)
        for index, value in zip(missing, found, strict=True):
            values[index] = value
            if not isinstance(value, BaseException) and lasts(value):
                run = runs[index]
                memory.keep(run, value, math.inf if getattr(run.status, "is_final", False) else now + LIVE)
        return values

    return ask() if missing else values
