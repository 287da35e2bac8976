"""A fault that is on: it hits calls, counts them, and lets go of what it holds when it is healed."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.calls import Call
from sandbox.faults.fault import Fault, Value
from sandbox.faults.scope import Order
from sandbox.faults.targets import Target, target_of
from sandbox.model import JSON
from sandbox.providers.base import Provider


class Active:
    """One fault at one provider.

    `calls` counts what it might have hit, `hits` what it has; `spoiled` are the ids of the records that it made
    unreadable, `followed` the calls of who went where a redirect pointed to.
    """

    def __init__(self, server: Provider, order: Order) -> None:
        self.server = server
        self.order = order
        self.calls = 0
        self.hits = 0
        self.spoiled: list[str] = []
        self.followed: list[Call] = []
        self.elsewhere = ""  # the URL that redirects point to
        self.memory: dict[object, JSON] = {}  # what a fault keeps from one call to the next
        self.resources = AsyncExitStack()
        self._held: list[web.Request] = []
        self._changed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<{self.server.name}={self.fault.name}: {self.hits} of {self.calls} calls hit>"

    @property
    def fault(self) -> Fault:
        """Which it is."""
        return self.order.fault

    @property
    def held(self) -> int:
        """Calls that it is at this moment doing something to; of a hanging provider: those that wait."""
        return len(self._held)

    async def struck(self, calls: int = 1) -> None:
        """Wait until it has hit so many calls."""
        await self._until(lambda: self.hits >= calls)

    async def idle(self) -> None:
        """Wait until no call is held any more, say because all clients have gone."""
        await self._until(lambda: not self._held)

    async def open(self) -> None:
        """Make ready what it needs."""
        if self.fault.prepare:
            await self.fault.prepare(self)

    async def release(self) -> None:
        """Let go of every call that is held: its connection breaks."""
        for request in self._held:
            if request.transport:
                request.transport.abort()
        await self.idle()

    async def close(self) -> None:
        """The end of it."""
        await self.release()
        await self.resources.aclose()

    def hit(self, record: str = "") -> None:
        """A call was hit; by the loss of one record, if that is named."""
        self.hits += 1
        if record and record not in self.spoiled:
            self.spoiled.append(record)
        self._tell()

    @contextmanager
    def holding(self, request: web.Request) -> Iterator[None]:
        """While a call is being hit."""
        self._held.append(request)
        try:
            yield
        finally:
            self._held = [other for other in self._held if other is not request]
            self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._changed.wait()


@dataclass(frozen=True, slots=True)
class Blow:
    """A call that is being hit."""

    request: web.Request
    handler: Handler
    active: Active
    target: Target

    @property
    def server(self) -> Provider:
        """Whose call it is."""
        return self.active.server

    def hit(self, record: str = "") -> None:
        """It is hit indeed."""
        self.active.hit(record)

    def number(self, name: str) -> float:
        """A parameter."""
        return float(self.parameter(name))

    def parameter(self, name: str) -> Value:
        """A parameter."""
        return self.active.order.parameters[name]

    async def answer(self, request: web.Request | None = None) -> web.Response:
        """What the provider says to the call, or to a variation of it."""
        response = await self.handler(request or self.request)
        assert isinstance(response, web.Response)  # noqa: S101  (no provider streams)
        return response

    async def hold(self) -> NoReturn:
        """Never answer; ends when the client leaves or the fault is healed, by cancellation."""
        await asyncio.Event().wait()
        raise AssertionError


def striking(server: Provider, find: Callable[[], Active | None]) -> Middleware:
    """A middleware that hits calls with the fault that is on, if one is."""

    @web.middleware
    async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
        active = find()
        if active is None or active.fault.strike is None:
            return await handler(request)
        target = target_of(server.name, request.path)
        if not active.order.scope.covers(target, request.path):
            return await handler(request)
        active.calls += 1
        if not active.order.scope.picks(active.calls):
            return await handler(request)
        with active.holding(request):
            return await active.fault.strike(Blow(request, handler, active, target))

    return strike
