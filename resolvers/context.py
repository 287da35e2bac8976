"""What resolvers find in `info.context`: the sources, and what lives for one request."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLResolveInfo

from connectors.contract import Connector, deadline, tally
from connectors.errors import UnreachableError
from resolvers.cursor import DEFAULT_KEY
from resolvers.loaders import Loaders
from resolvers.streams import Memory
from schema.model import ExecutionConnection


@dataclass(slots=True)
class Source:
    """A configured source, with what was learned of its ways."""

    connector: Connector
    memory: Memory = field(default_factory=Memory)

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return self.connector.name


@dataclass(slots=True)
class House:
    """What lives as long as the process."""

    sources: Sequence[Source]
    deadline_seconds: float = 10.0
    allow_delete: bool = False
    cursor_key: bytes = DEFAULT_KEY
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], int] = time.time_ns
    background: "set[asyncio.Task[Any]]" = field(default_factory=set)

    def leave_running(self, task: "asyncio.Task[Any]") -> None:
        """Keeps a call alive that nobody waits for any more: its answer still fills the cache."""
        self.background.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self.background.discard(task)
        if not task.cancelled():
            task.exception()  # seen, so that nobody warns of it: the query has been told by its deadline

    async def aclose(self) -> None:
        """Ends what is still running."""
        for task in list(self.background):
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)


@dataclass(slots=True)
class Context:
    """One GraphQL request. Loaders live here, so that nothing is asked for twice."""

    house: House
    tally: Counter[str] = field(default_factory=Counter)
    "Calls by source."
    pages: list[ExecutionConnection] = field(default_factory=list)
    "Lists that the answer is made of: it is as old as they are."
    started: float = field(init=False)
    _loaders: dict[str, Loaders] = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.house.clock()
        self._loaders = {}

    def enter(self) -> None:
        """From here on calls made in this task, and in those it starts, count as this request's and end with it."""
        tally.set(self.tally)
        deadline.set(self.deadline)

    @property
    def by_name(self) -> Mapping[str, Source]:
        """The sources by name."""
        return {source.name: source for source in self.house.sources}

    @property
    def deadline(self) -> float:
        """On the house's clock."""
        return self.started + self.house.deadline_seconds

    def loaders(self, source: str) -> Loaders:
        """The loaders of one source.

        Raises:
            UnreachableError: It is configured no more.
        """
        if source not in self._loaders:
            if source not in self.by_name:
                raise UnreachableError(f"no source {source!r} is configured")
            self._loaders[source] = Loaders(self.by_name[source].connector)
        return self._loaders[source]


Info = GraphQLResolveInfo[Context]
"What a resolver is told of its place."
