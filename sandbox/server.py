"""The sandbox: five servers on loopback in this event loop, over worlds that can be looked into and changed.

    async with Sandbox(seed=7) as sandbox:
        sandbox.sources["llm"]["base_url"]
        sandbox.worlds["arcee"].add(run)

Requests pass a chain of middlewares: the one that writes them down, the one that brings about the fault that is on,
those that were given, and the provider's own.

    fault = await sandbox.fault("arcee", "hang", only="/steps")
    ...
    await sandbox.heal("arcee")
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.authority import Authority
from sandbox.calls import Call, counting
from sandbox.door import Door, PlainTalk, Port
from sandbox.faults import Active, FaultError, Order, read_order
from sandbox.faults.active import striking
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
        tls: Who is reached by https: all, none, or these providers. Clients have to trust `ca_bundle`.

    Raises:
        RuntimeError: TLS is wanted, and the package for certificates is missing.
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
        tls: bool | Iterable[str] = False,
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
        self._doors = {name: Door(host, port + place if port else 0) for place, name in enumerate(names)}
        self._runners: dict[str, web.AppRunner] = {}
        self._faults: dict[str, Active] = {}
        self.connections: Counter[str] = Counter()  # accepted, by provider; refused ones are seen by nobody
        self._tls = frozenset(names if tls is True else tls or ())
        self._authority: Authority | None = None

    async def __aenter__(self) -> Self:
        if self._tls:
            self._authority = Authority(self._host)
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
        server, door = self._providers[provider], self._doors[provider]
        strike = striking(server, lambda: self._faults.get(provider))
        chain = [counting(provider, self.calls), strike, *self._middlewares(provider), server.refusals]
        app = web.Application(middlewares=chain)
        app.add_routes(server.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await runner.setup()
        try:
            await self._open(provider, runner)
        except BaseException:
            door.close()
            await runner.cleanup()
            raise
        self._runners[provider] = runner
        url, trust = self.url(provider), {}
        if self._authority and provider in self._tls and server.takes_ca_bundle:
            trust = {"ca_bundle": str(self._authority.bundle)}
        self.sources[server.source] = {**server.settings(url), **trust}
        if isinstance(server, Boomi):
            self.spaces_source = server.spaces_settings(url)

    async def stop(self, provider: str) -> None:
        """Stop one server: connections to it are refused from now on. Nothing is done if it is not up."""
        if runner := self._runners.pop(provider, None):
            self._doors[provider].close()
            if active := self._faults.get(provider):
                await active.release()
            await runner.cleanup()

    async def close(self) -> None:
        """Stop them all."""
        for provider in list(self._runners):
            await self.stop(provider)
        for active in self._faults.values():
            await active.close()
        self._faults.clear()
        if self._authority:
            self._authority.close()
            self._authority = None

    @property
    def faults(self) -> Mapping[str, Active]:
        """What is on, by provider."""
        return self._faults

    async def fault(self, provider: str, name: str, **parameters: object) -> Active:
        """Have a provider suffer from a fault, instead of the one that it may have had.

        Args:
            parameters: Those of the fault, and of its scope: `of` what the calls ask for, `only` paths with this in
                them, `every` n-th call, `since` the n-th, the `first` n.

        Raises:
            FaultError: There is no such provider, fault or parameter, or the fault needs TLS.
        """
        return await self.order(provider, read_order(name, parameters))

    async def order(self, provider: str, order: Order) -> Active:
        """The same for an order that was read before."""
        if provider not in self._providers:
            raise FaultError(f"there is no provider {provider!r}; there are {', '.join(self._providers)}")
        if order.fault.needs_https and provider not in self._tls:
            raise FaultError(f"{order.fault.name} needs a provider behind TLS: Sandbox(tls=[{provider!r}])")
        await self.heal(provider)
        active = Active(self._providers[provider], order)
        await active.open()
        self._faults[provider] = active
        if order.fault.port is not Port.OPEN:
            await self._again(provider)
        return active

    async def heal(self, provider: str) -> None:
        """Take the fault away. Calls that it holds are broken off; nothing is done if there is none."""
        if active := self._faults.pop(provider, None):
            await active.close()
            if active.fault.port is not Port.OPEN:
                await self._again(provider)

    @property
    def ca_bundle(self) -> Path | None:
        """What clients have to trust, as a PEM file that lasts as long as the sandbox; None without TLS."""
        return self._authority.bundle if self._authority else None

    async def _again(self, provider: str) -> None:
        """With connections that exist broken, and the port as it is to be now."""
        if provider in self._runners:
            await self.stop(provider)
            await self.start(provider)

    async def _open(self, provider: str, runner: web.AppRunner) -> None:
        """Open the port, or do to it what the fault wants."""
        port = self._faults[provider].fault.port if provider in self._faults else Port.OPEN
        is_secure = provider in self._tls and port is not Port.PLAIN
        context = self._authority.context(port) if self._authority and is_secure else None

        def accept() -> asyncio.Protocol:
            self.connections[provider] += 1
            return PlainTalk() if port is Port.PLAIN or runner.server is None else runner.server()

        await self._doors[provider].open(accept, context, port)

    def url(self, provider: str) -> str:
        """Where a server listens, `http://127.0.0.1:8100`."""
        scheme = "https" if provider in self._tls else "http"
        return f"{scheme}://{self._host}:{self._doors[provider].port}"

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
