"""A supergraph of two: Histograph over the sandbox, and a neighbour that adds to what it has; with gateways before it.

All live in the event loop of one module, as gateways take seconds to start.
"""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import create_app
from connectors.registry import find_providers
from sandbox import Sandbox
from settings import read_settings
from tests.gateways.processes import HIVE, output_of, serving
from tests.system.service import NOW
from tests.system.serving_api import Api, served

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came to Histograph."""

    headers: Mapping[str, str]
    body: Mapping[str, Any]


class Watched:
    """Writes down what comes, before the application that it is put around."""

    def __init__(self, app: ASGIApp, asked: list[Asked]) -> None:
        self._app = app
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts: list[bytes] = []

        async def watched() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
                    self._asked.append(Asked(headers, json.loads(b"".join(parts) or b"{}")))
            return message

        await self._app(scope, watched if scope["type"] == "http" else receive, send)


@dataclass
class Histograph(Api):
    """The API, with what was asked of it."""

    asked: list[Asked] = field(default_factory=list)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(now=NOW, limits=False, runs_per_provider=400) as sandbox:
        yield sandbox


@contextlib.asynccontextmanager
async def histograph(sandbox: Sandbox, folder: Path) -> AsyncIterator[Histograph]:
    """The API in a process's worth of memory of its own."""
    providers = find_providers()
    asked: list[Asked] = []
    app = create_app(read_settings(sandbox.write_settings(folder), providers), providers)
    app.add_middleware(Watched, asked=asked)
    async with served(app) as api:
        yield Histograph(api.url, api.session, asked)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def direct(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Histograph]:
    """Histograph as it is asked without a gateway."""
    async with histograph(sandbox, tmp_path_factory.mktemp("direct")) as api:
        yield api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def behind(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Histograph]:
    """Histograph that only gateways ask: what it remembers, they have asked for."""
    async with histograph(sandbox, tmp_path_factory.mktemp("behind")) as api:
        yield api


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def neighbour() -> AsyncIterator[str]:
    """The other team's subgraph: over its `/graphql` for federation, and `/stitched` for stitching."""
    async with serving("neighbour.mjs", PROVIDERS=",".join(prefixes())) as url:
        yield url


def prefixes() -> list[str]:
    """What the types of each provider begin with."""
    files = sorted((ROOT / "schema" / "providers").glob("*.graphql"))
    return [name for file in files for name in re.findall(r"^type (\w+)Execution ", file.read_text("utf-8"), re.M)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def supergraph(behind: Histograph, neighbour: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the composed supergraphs."""
    folder = tmp_path_factory.mktemp("supergraph")
    status, printed = await output_of(
        "compose.mjs",
        f"{behind.url}/graphql",
        "--name",
        "histograph",
        "--with",
        f"{neighbour}/graphql",
        "--out",
        folder,
    )
    assert status == 0, printed
    return folder


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway as its clients see it."""

    name: str
    url: str
    session: aiohttp.ClientSession

    async def post(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """The whole answer."""
        body = {"query": query, "variables": variables}
        async with self.session.post(self.url, json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
            return answer

    async def data(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = await self.post(query, variables)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateways(supergraph: Path, behind: Histograph, neighbour: str) -> AsyncIterator[dict[str, Gateway]]:
    """All of them, by name."""
    started = {
        "apollo": serving("apollo.mjs", SUPERGRAPH=str(supergraph / "apollo.graphql")),
        "hive": serving(*HIVE, SUPERGRAPH=str(supergraph / "theguild.graphql")),
        "stitch": serving("stitch.mjs", HISTOGRAPH=f"{behind.url}/graphql", NEIGHBOUR=f"{neighbour}/stitched"),
    }
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        urls = {name: await stack.enter_async_context(one) for name, one in started.items()}
        yield {name: Gateway(name, f"{url}/graphql", session) for name, url in urls.items()}
