"""Keeps to a provider's rate: a call waits until the rate has room for it, instead of being refused."""

from dataclasses import dataclass, field

from aiolimiter import AsyncLimiter

from connectors.contract import Rate
from connectors.http.client import HttpClient, Request, Response


@dataclass(slots=True)
class Paced:
    """Sends at most at the given rate."""

    inner: HttpClient
    rate: Rate
    _limiter: AsyncLimiter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._limiter = AsyncLimiter(self.rate.requests, self.rate.seconds)

    async def send(self, request: Request) -> Response:
        """Waits for room, then sends."""
        async with self._limiter:
            return await self.inner.send(request)
