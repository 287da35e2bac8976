"""Runs asked for by id, as a stream among the others."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.errors import ConnectorError
from connectors.listed import Listed
from resolvers.loaders import Failed, Loaders
from resolvers.streams import Stream
from schema.identity import NativeId
from schema.model import Execution


@dataclass(slots=True, kw_only=True)
class FixedStream(Stream):
    """These runs and no others, by one batch."""

    loaders: Loaders
    ids: Sequence[NativeId]

    async def _advance(self) -> None:
        found = await asyncio.gather(*(self.loaders.details.load(key) for key in self.ids))
        self.take(self.placed([Listed.of(run) for run in found if isinstance(run, Execution)]))
        self.bound = None
        for was in filter(None, map(self.loaders.details.stale.get, self.ids)):
            self.as_of = was.as_of if self.as_of is None else min(self.as_of, was.as_of)
            self.stale_because = was.because
        failed: list[ConnectorError] = [run.error for run in found if isinstance(run, Failed)]
        if failed:
            raise failed[0]
