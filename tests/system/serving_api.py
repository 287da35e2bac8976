"""The whole service over real sockets: the sandbox's providers on one side, the API under uvicorn on the other."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from starlette.applications import Starlette

from app import create_app
from connectors.declaration import Provider
from connectors.registry import find_providers
from sandbox import Sandbox
from settings import read_settings


@dataclass
class Api:
    """The API as a client sees it."""

    url: str
    session: aiohttp.ClientSession

    async def post(self, query: str, variables: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Status and whole answer."""
        body = {"query": query, "variables": variables}
        async with self.session.post(f"{self.url}/graphql", json=body) as response:
            return response.status, await response.json()

    async def data(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer without errors."""
        status, answer = await self.post(query, variables)
        assert status == 200, answer
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    async def history(self, selection: str, **arguments: Any) -> dict[str, Any]:
        """`executionHistory` with these arguments and this selection."""
        query = (
            "query ($input: ExecutionHistoryInput, $orderBy: ExecutionOrder! = STARTED_AT_DESC, $first: Int,"
            " $after: String) { executionHistory(input: $input, orderBy: $orderBy, first: $first, after: $after)"
            f" {{ {selection} }} }}"
        )
        found: dict[str, Any] = (await self.data(query, arguments))["executionHistory"]
        return found


@contextlib.asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[Api]:
    """An application on a free port of loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="httptools", ws="none", loop="none", log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if running.done():
                running.result()
                raise AssertionError("the server has not started")
            await asyncio.sleep(0)
        async with aiohttp.ClientSession() as session:
            yield Api(f"http://127.0.0.1:{listener.getsockname()[1]}", session)
    finally:
        server.should_exit = True
        await running
        listener.close()


@contextlib.asynccontextmanager
async def api_over(
    sandbox: Sandbox, folder: Path, further: str = "", providers: Mapping[str, Provider] | None = None
) -> AsyncIterator[Api]:
    """The API with the sandbox's sources, by a settings file as operators write it, with `further` text before it."""
    file = sandbox.write_settings(folder)
    file.write_text(further + file.read_text(encoding="utf-8"), encoding="utf-8")
    providers = find_providers() if providers is None else providers
    async with served(create_app(read_settings(file, providers), providers)) as api:
        yield api
