"""A gate in front of providers: calls for lists of runs are held until it opens, and it sees who leaves meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.faults.targets import Target, target_of


class Gate:
    """Give it as `middlewares` to a sandbox. Counts are by provider."""

    def __init__(self) -> None:
        self.came: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self._is_open = asyncio.Event()
        self._changed = asyncio.Event()

    def __call__(self, provider: str) -> Sequence[Middleware]:
        @web.middleware
        async def hold(request: web.Request, handler: Handler) -> web.StreamResponse:
            if target_of(provider, request.path) is not Target.EXECUTIONS:
                return await handler(request)
            self.came[provider] += 1
            self._tell()
            try:
                await self._is_open.wait()
            except asyncio.CancelledError:
                self.left[provider] += 1
                self._tell()
                raise
            return await handler(request)

        return [hold]

    def open(self) -> None:
        """For all that wait, and all that come."""
        self._is_open.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Waits for calls to come, or to be given up."""
        while not is_so():
            await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
