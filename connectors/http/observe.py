"""Counts and logs calls. The count goes to the query that caused them, for `SourceOutcome.requests`.

The tally travels in a context variable, as calls start in loaders, caches and tasks that know nothing of queries.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from logging import DEBUG

import structlog
from structlog.typing import FilteringBoundLogger

from connectors.contract import tally
from connectors.errors import ConnectorError
from connectors.http.client import HttpClient, Request, Response

NOTICES = ("deprecation", "sunset", "x-deprecated", "warning")
"Headers by which a provider says that an address of its API goes away."
MAX_NOTICE = 200  # characters that are logged


def _logger() -> FilteringBoundLogger:
    """Ready, by the settings of logging as they are now: made anew, it would cost each call as much as a layer."""
    logger: FilteringBoundLogger = structlog.get_logger("histograph.calls").bind()
    return logger


@dataclass(slots=True)
class Ledger:
    """What is known of all calls to a source, by whichever client."""

    outcomes: Counter[str] = field(default_factory=Counter)
    "Calls by status code or error code; `cancelled` for those that nobody waited for any more."
    noticed: set[str] = field(default_factory=set)
    "Headers of deprecation that were told."


@dataclass(frozen=True, slots=True)
class Observed:
    """Tells of each call: which source, how long, how it ended. Never a query string, a header or a body.

    Only a provider's notices of deprecation are told in its own words, once each.
    """

    inner: HttpClient
    source: str
    clock: Callable[[], float] = time.monotonic
    ledger: Ledger = field(default_factory=Ledger)
    log: FilteringBoundLogger = field(default_factory=_logger, repr=False)

    async def send(self, request: Request) -> Response:
        """Sends and tells."""
        if (counts := tally.get()) is not None:
            counts[self.source] += 1
        started = self.clock()
        outcome: object = "cancelled"
        try:
            response = await self.inner.send(request)
            outcome = response.status
            self._notice(request, response.headers)
            return response
        except ConnectorError as error:
            outcome = error.code.value
            raise
        finally:
            self.ledger.outcomes[str(outcome)] += 1
            if self.log.is_enabled_for(DEBUG):
                self.log.debug(
                    "call",
                    source=self.source,
                    method=request.method,
                    path=request.path,
                    outcome=outcome,
                    ms=round((self.clock() - started) * 1000, 1),
                )

    def _notice(self, request: Request, headers: Mapping[str, str]) -> None:
        for name in NOTICES:
            if name in headers and name not in self.ledger.noticed:
                self.ledger.noticed.add(name)
                text = headers[name][:MAX_NOTICE]
                self.log.warning("deprecated", source=self.source, path=request.path, header=name, text=text)
