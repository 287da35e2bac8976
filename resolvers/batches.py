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


class Unknown:
    """In place of a value that has to be asked for."""


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Look:
    """A field with its arguments, for one request."""

    peek: Callable[[Any], Any]
    "An object's value, or `UNKNOWN`."
    resolve: Callable[[Sequence[Any]], Sequence[Any] | Awaitable[Sequence[Any]]]
    "As many values as objects; an exception in place of one that cannot be had."


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One field of a type or interface."""

    look: Callable[..., Look]
    "Takes a resolver's info and the arguments."
    lasts: Callable[[Any, Any, Info], bool] = lambda parent, value, info: True
    "Whether the value of an object that changes no more is what it will always be, or until the version changes."
    version: Callable[[Info], Hashable] | None = None
    "What changes whenever a value may. Without it, values change with their object only."
    unknown: object = UNKNOWN

    async def resolve_one(self, parent: object, info: Info, **arguments: Any) -> Any:
        """The field's resolver."""
        loaders = info.context.batches
        key = (id(self), repr(arguments))
        if key not in loaders:
            loaders[key] = OneByOne(self.look(info, **arguments))
        return await loaders[key].load(parent)


class OneByOne(DataLoader[Any, Any]):
    """Gathers the objects that are asked for one by one in the same tick."""

    cache = False

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    async def batch_load_fn(self, keys: list[Any]) -> list[Any]:
        """Same length and order as the keys."""
        found = self._look.resolve(keys)
        return list(await found if isinstance(found, Awaitable) else found)


def look_at_runs(
    context: Context,
    field: Hashable,
    known: Callable[[Execution], V | Unknown],
    find: Callable[[Sequence[Execution]], Awaitable[Sequence[V | BaseException]]],
    lasts: Callable[[V], bool] = lambda value: True,
) -> Look:
    """A value for each run: remembered, or known without asking; otherwise all that is missing is asked for together.

    Args:
        field: What the values are remembered by.
        find: Gives as many values as it takes runs, as `one_by_one` does.
        lasts: Whether a value that was found is to be remembered.
    """
    memory = context.remembered(field, MAX_REMEMBERED)
    now = context.house.clock()
    if now >= memory.until:
        memory.forget(now)
    get = memory.get

    def peek(run: Execution) -> Any:
        remembered = get(id(run))
        return known(run) if remembered is None else remembered[1]

    def resolve(runs: Sequence[Execution]) -> Sequence[Any] | Awaitable[Sequence[Any]]:
        values: list[Any] = []
        missing: list[int] = []
        for index, run in enumerate(runs):
            try:
                value = peek(run)
            except Exception as error:  # one that is not as it should be spoils itself
                value = error
            if value is UNKNOWN:
                missing.append(index)
            values.append(value)
        return ask(runs, values, missing) if missing else values

    async def ask(runs: Sequence[Execution], values: list[Any], missing: Sequence[int]) -> Sequence[Any]:
        found = await find([runs[index] for index in missing])
        for index, value in zip(missing, found, strict=True):
            values[index] = value
            if not isinstance(value, BaseException) and lasts(value):
                run = runs[index]
                memory.keep(run, value, math.inf if getattr(run.status, "is_final", False) else now + LIVE)
        return values

    return Look(peek, resolve)


def one_by_one(
    find: Callable[[Any], Awaitable[V]],
) -> Callable[[Sequence[Any]], Awaitable[Sequence[V | BaseException]]]:
    """What finds the values of many, each by itself and all at once, made of what finds one."""

    async def find_all(objects: Sequence[Any]) -> Sequence[V | BaseException]:
        return await asyncio.gather(*map(find, objects), return_exceptions=True)

    return find_all
