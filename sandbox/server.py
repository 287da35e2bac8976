"""The sandbox: five servers on loopback in this event loop, over worlds that can be looked into and changed.

    async with Sandbox(seed=7) as sandbox:
        sandbox.sources["llm"]["base_url"]
        sandbox.worlds["arcee"].add(run)

Requests pass a chain of middlewares: the one that writes them down, those that were given, and the provider's own.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.calls import Call, counting
from sandbox.generate import generate
from sandbox.providers.arcee import Arcee
from sandbox.providers.base import Provider, Quirks, Setting, Settings
from sandbox.providers.boomi import Boomi
from sandbox.providers.informer import Informer
from sandbox.providers.sailpoint import SailPoint
from sandbox.providers.yandex import Yandex
from sandbox.settings import write_settings
from sandbox.world import Clock, World

PROVIDERS: Mapping[str, type[Provider]] = {
    provider.name: provider for provider in (Boomi, Yandex, Arcee, Informer, SailPoint)
}


class Sandbox:
    """The five providers' APIs, or some of them.

    Args:
        seed: With the anchor it decides all generated data.
        now: Epoch nanoseconds, or a clock of them: decides which runs have started and ended. By default the
            machine's clock.
        anchor: The moment the data is generated for; by default what `now` says at the start.
        wall: Epoch seconds, for the age of tokens and for rate limits.
        limits: Whether rate limits are kept.
        worlds: Data instead of generated data, by provider.
        providers: Only these; by default all five.
        quirks: Reported habits of the real services, off by default.
        middlewares: Given a provider's name, what every request to it passes, outermost first.
        host, port: Where they listen: the first on `port`, the next on the one after it, and so on; 0 takes free
            ones.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        now: Clock | int | None = None,
        anchor: int | None = None,
        wall: Callable[[], float] = time.time,
        limits: bool = True,
        worlds: Mapping[str, World] | None = None,
        providers: Iterable[str] | None = None,
        runs_per_provider: int = 5000,
        quirks: Quirks | None = None,
        middlewares: Callable[[str], Sequence[Middleware]] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        clock = _clock(now)
        setting = Setting(clock, wall, limits, seed, quirks or Quirks())
        names = list(PROVIDERS if providers is None else providers)
        anchor = clock() if anchor is None else anchor
        given = worlds or {}
        self.worlds: dict[str, World] = {
            name: given[name] if name in given else generate(name, seed, anchor, runs_per_provider) for name in names
        }
        self.calls: list[Call] = []
        self.sources: dict[str, Settings] = {}
        self.spaces_source: Settings = {}
        self._providers = {name: PROVIDERS[name](self.worlds[name], setting) for name in names}
        self._middlewares = middlewares or (lambda _: ())
        self._host = host
        self._ports = {name: port + place if port else 0 for place, name in enumerate(names)}
        self._runners: dict[str, web.AppRunner] = {}

    async def __aenter__(self) -> Self:
        try:
            for name in self._providers:
                await self.start(name)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self, provider: str) -> None:
        """Start one server, on the port that it had before. Nothing is done if it is up."""
        if provider in self._runners:
            return
        server = self._providers[provider]
        chain = [counting(provider, self.calls), *self._middlewares(provider), server.refusals]
        app = web.Application(middlewares=chain)
        app.add_routes(server.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._ports[provider]).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runners[provider] = runner
        self._ports[provider] = runner.addresses[0][1]
        url = self.url(provider)
        self.sources[server.source] = server.settings(url)
        if isinstance(server, Boomi):
            self.spaces_source = server.spaces_settings(url)

    async def stop(self, provider: str) -> None:
        """Stop one server: connections to it are refused from now on. Nothing is done if it is not up."""
        if runner := self._runners.pop(provider, None):
            await runner.cleanup()

    async def close(self) -> None:
        """Stop them all."""
        for provider in list(self._runners):
            await self.stop(provider)

    def url(self, provider: str) -> str:
        """Where a server listens, `http://127.0.0.1:8100`."""
        return f"http://{self._host}:{self._ports[provider]}"

    def expire_tokens(self, provider: str) -> None:
        """Every token that a provider handed out is refused from now on."""
        self._providers[provider].expire_tokens()

    def write_settings(self, directory: Path | str) -> Path:
        """Write a `histograph.toml` with the five sources, and their secrets as files beside it. Gives its path."""
        return write_settings(Path(directory), self.sources)


def _clock(now: Clock | int | None) -> Clock:
    if now is None:
        return time.time_ns
    return (lambda: now) if isinstance(now, int) else now
