"""Four processes that share a Redis: what one has fetched the others need not. And two workers on one port."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.connectors.redis_server import RedisServer, redis_server
from tests.system.at_once import QUERY, counted, small_sandbox, tokens
from tests.system.still import still_api

ROOT = Path(__file__).parents[2]
PROCESSES, WORKERS, CLIENTS = 4, 2, 60


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@contextlib.asynccontextmanager
async def started(redis: RedisServer, file: Path, *options: str) -> AsyncIterator[str]:
    """The command line's server; gives the address of its API."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("app.py", "--config", str(file), "--port", "0", *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"REDIS_URL": redis.url},
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().split()[-1]
    finally:
        process.terminate()
        await process.communicate()


def sharing(file: Path) -> Path:
    """The same settings, with a Redis."""
    told = file.read_text(encoding="utf-8")
    file.write_text(f'[cache]\nredis_url = {{ env = "REDIS_URL" }}\n{told}', encoding="utf-8")
    return file


async def answers(addresses: list[str]) -> list[str]:
    """Equal queries at once, each by a connection of its own."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:

        async def ask(address: str) -> str:
            async with session.post(address, json={"query": QUERY}) as response:
                return await response.text()

        return await asyncio.gather(*(ask(addresses[client % len(addresses)]) for client in range(CLIENTS)))


async def all_up(addresses: list[str]) -> None:
    """Each answers: who is asked earlier waits for its start."""
    async with aiohttp.ClientSession() as session:
        for address in addresses:
            async with session.get(address.replace("/graphql", "/healthz")) as response:
                assert response.status == 200


async def test_equal_queries_to_four_processes_make_the_calls_of_one_query_to_one(
    redis: RedisServer, tmp_path: Path
) -> None:
    async with small_sandbox() as sandbox:
        async with still_api(sandbox, tmp_path) as api:
            alone = await api.ask(QUERY)
        calls_of_one, tokens_of_one = counted(sandbox.calls), tokens(sandbox.calls)
        sandbox.calls.clear()
        file = sharing(tmp_path / "histograph.toml")
        async with contextlib.AsyncExitStack() as stack:
            processes = [started(redis, file) for _ in range(PROCESSES)]
            addresses = list(await asyncio.gather(*(stack.enter_async_context(one) for one in processes)))
            await all_up(addresses)

            found = await answers(addresses)

    assert len(set(found)) == 1
    assert json.loads(found[0])["data"]["executionHistory"] == alone
    assert alone["complete"]
    assert counted(sandbox.calls) == calls_of_one
    assert tokens(sandbox.calls) <= PROCESSES * tokens_of_one


async def test_workers_on_one_port_give_one_answer(redis: RedisServer, tmp_path: Path) -> None:
    async with small_sandbox() as sandbox:
        file = sharing(sandbox.write_settings(tmp_path))
        async with started(redis, file, "--workers", str(WORKERS)) as address:
            found = await answers([address])

    assert len(set(found)) == 1
    assert json.loads(found[0])["data"]["executionHistory"]["complete"] is True
