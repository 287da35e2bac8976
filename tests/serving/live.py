"""The service as a process would be, but in a thread: real sockets, and a client that sends what it is told."""

import asyncio
import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import uvicorn
from msgspec.structs import replace
from starlette.applications import Starlette

from app import create_app
from connectors.registry import find_providers
from engine.limits import Limits
from sandbox import Sandbox
from settings import ServerSettings, Settings, read_settings

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.json.get("errors", [])]


@dataclass(frozen=True)
class Client:
    url: str

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Exactly these bytes, over a connection of their own."""
        parts = urlsplit(self.url)
        with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, names, response.read())

    def post(self, body: Any, accept: str = JSON, content_type: str = JSON, **headers: str) -> Reply:
        """A request; bytes as they are, anything else as JSON."""
        given = {"Accept": accept, "Content-Type": content_type, **headers}
        return self.send("POST", "/graphql", body if isinstance(body, bytes) else json.dumps(body).encode(), given)

    def get(self, accept: str = JSON, headers: Mapping[str, str] | None = None, **parameters: str) -> Reply:
        return self.send("GET", f"/graphql?{urlencode(parameters)}", None, {"Accept": accept, **(headers or {})})


@contextlib.contextmanager
def serving(app: Starlette) -> Iterator[Client]:
    """An application on a free port of loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="httptools", ws="none", loop="none", log_level="critical", lifespan="on")
    server = uvicorn.Server(config)
    started = threading.Event()
    startup = server.startup

    async def told(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = told  # type: ignore[method-assign]  # says when it is there, so that nobody has to ask
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert started.wait(30), "the server has not started"
        yield Client(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def service(limits: Limits | None = None, **server: Any) -> Starlette:
    """The API with no source at all: what is asked of it is answered at once."""
    settings = Settings(server=ServerSettings(**server), limits=limits or Limits(), sources={})
    return create_app(settings, find_providers())


@contextlib.contextmanager
def over_sandbox(folder: Path, limits: Limits | None = None, **server: Any) -> Iterator[Client]:
    """The API over a small sandbox, each in a thread of its own."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def stand() -> None:
        async with Sandbox(limits=False, runs_per_provider=60) as sandbox:
            for table in sandbox.sources.values():
                table["requests_per_second"] = 10_000  # nothing here is about the pace of calls
            sandbox.write_settings(folder)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(stand()))
    thread.start()
    try:
        assert ready.wait(30), "the sandbox has not started"
        configured = read_settings(folder / "histograph.toml", find_providers())
        told = replace(configured, limits=limits or Limits(), server=replace(configured.server, **server))
        app = create_app(told, find_providers())
        with serving(app) as client:
            yield client
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
