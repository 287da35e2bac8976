"""What the tests of faults share: five sandboxed providers with few runs, asked for a list in each one's way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from sandbox import PROVIDERS, Sandbox
from tests.sandbox.sandbox_asking import Ask, Clocks, Reply, small_world, some_run

RUNS = [some_run(f"r{number}", ago=60 - number) for number in range(5)]
IDS = {"boomi": "executionId", "yandex": "id", "arcee": "id", "informer": "id", "sailpoint": "id"}


@asynccontextmanager
async def asking_all(*names: str, runs: Any = None, **options: Any) -> AsyncIterator[Ask]:
    """The named providers, or all, on one world of five runs each.

    The client keeps no connection and sends nothing twice: by itself it would send a GET again that breaks off.
    """
    connector = aiohttp.TCPConnector(force_close=not options.pop("keep_alive", False))
    clocks, names = Clocks(), names or tuple(PROVIDERS)
    worlds = {name: small_world(*(RUNS if runs is None else runs)) for name in names}
    told: Any = {"now": lambda: clocks.now, "wall": lambda: clocks.wall, "limits": False, "worlds": worlds}
    async with (
        Sandbox(providers=names, **(told | options)) as sandbox,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        session._retry_connection = False
        yield Ask(sandbox, session, clocks)


async def listing(ask: Ask, provider: str, **paging: Any) -> Reply:
    """A page of the runs of «w»; paging as the provider has it."""
    match provider:
        case "boomi":
            token = paging.pop("token", "")
            path = "/ExecutionRecord/queryMore" if token else "/ExecutionRecord/query"
            return await ask.boomi(path, token or {"QuerySort": {"sortField": [SORT]}})
        case "yandex":
            return await ask.yandex("/execution", workflowId="w", **paging)
        case "arcee":
            return await ask.arcee("/workflows/w/runs", **paging)
        case "informer":
            return await ask.informer("/api/jobs/w/history", **paging)
        case _:
            return await ask.sailpoint("/workflows/w/executions", **paging)


SORT = {"fieldName": "executionTime", "sortOrder": "DESC"}


def rows_of(body: Any) -> list[Any]:
    """The records of a page, wherever they lie."""
    if isinstance(body, list):
        return body
    found: list[Any] = (
        body.get("result") or body.get("executions") or next(iter(body.get("_embedded", {}).values()), [])
    )
    return found


async def held(ask: Ask, provider: str) -> asyncio.Task[Reply]:
    """A call that its fault has hit and not let go of yet."""
    active = ask.sandbox.faults[provider]
    task = asyncio.create_task(listing(ask, provider))
    await active.struck(active.hits + 1)
    return task
