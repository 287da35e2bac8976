"""Four processes on one port, sharing a Redis: what one has fetched the others need not."""

import asyncio
import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import aiohttp

from sandbox import Sandbox
from tests.connectors.redis_server import redis_server

ROOT = Path(__file__).parents[2]
QUERY = """{ executionHistory(first: 20, input: {sources: ["boomi-eu", "llm"]}) {
  nodes { id steps { nodes { name } } } complete } }"""
TOKENS = ("/iam/v1/tokens", "/oauth/token")


async def answers(address: str, count: int) -> list[str]:
    """So many equal queries at once, each by a connection of its own, so that any worker may get it."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:

        async def ask() -> str:
            async with session.post(address, json={"query": QUERY}) as response:
                return await response.text()

        return await asyncio.gather(*(ask() for _ in range(count)))


async def test_equal_queries_to_four_workers_make_the_calls_of_one(tmp_path: Path) -> None:
    async with Sandbox(limits=False, runs_per_provider=100) as sandbox:
        for table in sandbox.sources.values():
            table["requests_per_second"] = 1000
        file = sandbox.write_settings(tmp_path)
        told = file.read_text(encoding="utf-8")
        file.write_text(f'[cache]\nredis_url = {{ env = "REDIS_URL" }}\n{told}', encoding="utf-8")
        with redis_server(tmp_path) as server:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("app.py", "--config", str(file), "--port", "0", "--workers", "4"),
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
    assert '"complete":true' in found[0]
    calls = Counter(repr(replace(call, status=0)) for call in sandbox.calls if not call.path.endswith(TOKENS))
    assert calls
    assert [call for call, times in calls.items() if times > 1] == []
