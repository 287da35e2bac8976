"""Many calls at once for a batch, one thing or some things a call; one that fails takes nothing from the others."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from connectors.errors import ConnectorError, MissingError

K = TypeVar("K", bound=Hashable)
Item = TypeVar("Item")
T = TypeVar("T")


async def one_by_one(keys: Iterable[K], fetch: Callable[[K], Awaitable[T | None]]) -> dict[K, T | ConnectorError]:
    """`fetch` for each key, at once. What is missing is left out; what fails has its error as value."""

    async def guarded(key: K) -> T | ConnectorError | None:
        try:
            return await fetch(key)
        except MissingError:
            return None
        except ConnectorError as error:
            return error

    asked = list(dict.fromkeys(keys))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(guarded(key)) for key in asked]
    return {key: got for key, task in zip(asked, tasks, strict=True) if (got := task.result()) is not None}


async def in_groups(
    items: Sequence[Item],
    size: int,
    key: Callable[[Item], K],
    fetch: Callable[[Sequence[Item]], Awaitable[Mapping[K, T]]],
) -> dict[K, T | ConnectorError]:
    """`fetch` for at most `size` items a call, all calls at once. A call that fails is the error of its own items."""

    async def guarded(group: Sequence[Item]) -> Mapping[K, T | ConnectorError]:
        try:
            return await fetch(group)
        except ConnectorError as error:
            return {key(item): error for item in group}

    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(guarded(items[at : at + size])) for at in range(0, len(items), size)]
    return {name: got for task in asked for name, got in task.result().items()}
