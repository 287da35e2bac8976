"""Clients that leave unanswered: what was asked for them is given up, unless somebody else waits for it."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox import PROVIDERS, Sandbox
from sandbox.faults.targets import Target, target_of
from schema.instant import SECOND, Instant
from tests.system.gate import Gate
from tests.system.service import NOW
from tests.system.serving_api import Api, api_over

CLIENTS = 20
LISTS = Target.EXECUTIONS
QUERY = """query ($input: ExecutionHistoryInput) { executionHistory(input: $input, first: 20) {
  nodes { id } complete sources { source status count } } }"""
SERVER_DEADLINE = "[server]\ndeadline_seconds = 60\n"


@asynccontextmanager
async def gated(folder: Path) -> AsyncIterator[tuple[Api, Sandbox, Gate]]:
    """The API over providers that hold all lists of runs; it may have many connections to each."""
    gate = Gate()
    async with Sandbox(now=NOW, limits=False, runs_per_provider=30, middlewares=gate) as sandbox:
        for table in sandbox.sources.values():
            table.update(requests_per_second=10_000, max_connections=1000, timeout_seconds=60)
        async with api_over(sandbox, folder, SERVER_DEADLINE) as api:
            yield api, sandbox, gate


async def ask_and_stay(api: Api, variables: Mapping[str, Any]) -> asyncio.StreamWriter:
    """A client that has sent its question, and is not answered yet."""
    address = urlsplit(api.url)
    body = json.dumps({"query": QUERY, "variables": variables}).encode()
    lines = ["POST /graphql HTTP/1.1", "Host: api", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    return writer


def since(hours: int) -> Mapping[str, Any]:
    """A question of its own for each number, where the provider is asked for a range of time."""
    return {"input": {"startedAt": {"from": Instant.of(NOW - (hours + 100) * 3600 * SECOND).text}}}


def answering() -> int:
    """Requests that the API has at hand: each runs in a task of the server's."""
    return sum("run_asgi" in repr(task.get_coro()) for task in asyncio.all_tasks())


def under_way() -> set[Any]:
    """All tasks but those of the sandbox's connections, which idle ones have too."""
    return {task for task in asyncio.all_tasks() if "RequestHandler.start" not in repr(task.get_coro())}


async def turns_until(is_so: Callable[[], bool]) -> None:
    """Lets the loop turn; the test's own time limit is the bound."""
    while not is_so():  # noqa: ASYNC110  # there is no event for it: it is what the loop itself has left
        await asyncio.sleep(0)


async def test_twenty_clients_that_leave_cancel_twenty_fan_outs(tmp_path: Path) -> None:
    """Boomi is asked for each one's range; the lists of the others are the same for all of them."""
    async with gated(tmp_path) as (api, sandbox, gate):
        before = under_way()
        clients = [await ask_and_stay(api, since(number)) for number in range(CLIENTS)]
        await gate.until(lambda: gate.came["boomi"] == CLIENTS and set(gate.came) == set(PROVIDERS))

        for client in clients:
            client.transport.abort()

        await gate.until(lambda: gate.left == gate.came)
        await turns_until(lambda: under_way() <= before)
        assert gate.left["boomi"] == CLIENTS
        assert set(gate.left) == set(PROVIDERS)
        assert not any(call.status for call in sandbox.calls if target_of(call.provider, call.path) is LISTS)


async def test_a_call_that_somebody_else_waits_for_goes_on(tmp_path: Path) -> None:
    """Of twenty-one that ask the same, twenty leave. The last is answered by the very calls that were on their way."""
    async with gated(tmp_path) as (api, sandbox, gate):
        staying = asyncio.create_task(api.post(QUERY, since(0)))
        await gate.until(lambda: set(gate.came) == set(PROVIDERS))
        leaving = [await ask_and_stay(api, since(0)) for _ in range(CLIENTS)]
        await turns_until(lambda: answering() == 1 + CLIENTS)
        for client in leaving:
            client.transport.abort()
        await turns_until(lambda: answering() == 1)

        gate.open()
        status, answer = await staying

        assert status == 200
        assert answer["data"]["executionHistory"]["complete"] is True
        assert gate.left.total() == 0
        calls = Counter(repr(replace(call, status=0)) for call in sandbox.calls)
        assert [call for call, times in calls.items() if times > 1] == []


async def test_who_comes_first_and_leaves_takes_nothing_from_who_came_second(tmp_path: Path) -> None:
    async with gated(tmp_path) as (api, _, gate):
        first = await ask_and_stay(api, since(0))
        await gate.until(lambda: set(gate.came) == set(PROVIDERS))
        second = asyncio.create_task(api.post(QUERY, since(0)))
        await turns_until(lambda: answering() == 2)
        first.transport.abort()
        await turns_until(lambda: answering() == 1)

        gate.open()
        _, answer = await second

        assert answer["data"]["executionHistory"]["complete"] is True
        assert gate.left.total() == 0
