"""Counts and logs calls. The count goes to the query that caused them, for `SourceOutcome.requests`.

The tally travels in a context variable, as calls start in loaders, caches and tasks that know nothing of queries.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from connectors.contract import tally
from connectors.errors import ConnectorError
from connectors.http.client import HttpClient, Request, Response

log = structlog.get_logger("histograph.calls")


@dataclass(frozen=True, slots=True)
class Observed:
    """Tells of each call: which source, how long, how it ended. Never a query string, a header or a body."""

    inner: HttpClient
    source: str
    clock: Callable[[], float] = time.monotonic

    async def send(self, request: Request) -> Response:
        """Sends and tells."""
        if (counts := tally.get()) is not None:
            counts[self.source] += 1
        started = self.clock()
        outcome: object = "cancelled"
        try:
            response = await self.inner.send(request)
            outcome = response.status
            return response
        except ConnectorError as error:
            outcome = error.code.value
            raise
        finally:
            log.debug(
                "call",
                source=self.source,
                method=request.method,
                path=request.path,
                outcome=outcome,
                ms=round((self.clock() - started) * 1000, 1),
            )
