"""Four processes on one port, sharing a Redis: what one has fetched the others need not."""

import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp

from tests.connectors.redis_server import redis_server
from tests.system.at_once import QUERY, counted, small_sandbox, tokens
from tests.system.still import still_api

ROOT = Path(__file__).parents[2]
WORKERS = 4


async def answers(address: str, count: int) -> list[str]:
    """So many equal queries at once, each by a connection of its own, so that any worker may get it."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:

        async def ask() -> str:
            async with session.post(address, json={"query": QUERY}) as response:
                return await response.text()

        return await asyncio.gather(*(ask() for _ in range(count)))


async def test_equal_queries_to_four_workers_make_the_calls_of_one_query_to_one_process(tmp_path: Path) -> None:
    async with small_sandbox() as sandbox:
        async with still_api(sandbox, tmp_path) as api:
            alone = await api.ask(QUERY)
        calls_of_one, tokens_of_one = counted(sandbox.calls), tokens(sandbox.calls)
        sandbox.calls.clear()

        file = tmp_path / "histograph.toml"
        told = file.read_text(encoding="utf-8")
        file.write_text(f'[cache]\nredis_url = {{ env = "REDIS_URL" }}\n{told}', encoding="utf-8")
        with redis_server(tmp_path) as server:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("app.py", "--config", str(file), "--port", "0", "--workers", str(WORKERS)),
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                env=os.environ | {"REDIS_URL": server.url},
            )
            try:
                assert process.stdout is not None
                said = (await process.stdout.readline()).decode().split()
                found = await answers(said[-1], 60)
            finally:
                process.terminate()
                await process.communicate()

    assert len(set(found)) == 1
    assert json.loads(found[0])["data"]["executionHistory"] == alone
    assert alone["complete"]
    assert counted(sandbox.calls) == calls_of_one
    assert tokens(sandbox.calls) <= WORKERS * tokens_of_one
