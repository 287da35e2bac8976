"""What resolvers find in `info.context`: the sources, and what lives for one request."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiodataloader import DataLoader
from graphql import GraphQLResolveInfo

from connectors.contract import Connector, Remembering, deadline, tally
from connectors.errors import UnreachableError
from resolvers.cursor import DEFAULT_KEY
from resolvers.loaders import Loaders, by_any_id
from resolvers.pages import Found, FoundValues, Pages
from resolvers.streams import Memory
from schema.model import ExecutionConnection, Workflow


@dataclass(slots=True)
class Source:
    """A configured source, with what was learned of its ways."""

    connector: Connector
    memory: Memory = field(default_factory=Memory)
    name: str = field(init=False)
    "In the settings."
    remembering: Remembering | None = field(init=False)
    "The connector, if it is one that remembers."
    _names: tuple[int, Mapping[str, Workflow]] | None = None

    def __post_init__(self) -> None:
        self.name = self.connector.name
        self.remembering = self.connector if isinstance(self.connector, Remembering) else None

    def workflows_known(self) -> tuple[int, Mapping[str, Workflow]] | None:
        """Its workflows by any of their ids, if they are remembered, beside a number that changes when they do."""
        if self.remembering is None or (known := self.remembering.workflows_known()) is None:
            return None
        if self._names is None or self._names[0] != known[0]:
            self._names = known[0], by_any_id(known[1])
        return self._names


@dataclass(slots=True)
class House:
    """What lives as long as the process."""

    sources: Sequence[Source]
    deadline_seconds: float = 10.0
    allow_delete: bool = False
    cursor_key: bytes = DEFAULT_KEY
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], int] = time.time_ns
    pages: Pages | None = None
    "Pages to be shown again; None: each is made anew."
    background: "set[asyncio.Task[Any]]" = field(default_factory=set)

    @property
    def changes(self) -> list[int]:
        """How often what the connectors remember was found to be wrong."""
        return [one.remembering.changes for one in self.sources if one.remembering is not None]

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
    batches: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)
    "What gathers the objects of one field and its arguments."
    found: Found = field(default_factory=dict)
    "What was found for runs; shared by all requests that show the same page."
    started: float = field(init=False)
    _loaders: dict[str, Loaders] = field(default_factory=dict)
    _by_name: Mapping[str, Source] | None = None
    _workflows: Mapping[str, tuple[int, Mapping[str, Workflow]]] | None = None

    def __post_init__(self) -> None:
        self.started = self.house.clock()

    def enter(self) -> None:
        """From here on calls made in this task, and in those it starts, count as this request's and end with it."""
        tally.set(self.tally)
        deadline.set(self.deadline)

    @property
    def by_name(self) -> Mapping[str, Source]:
        """The sources."""
        if self._by_name is None:
            self._by_name = {source.name: source for source in self.house.sources}
        return self._by_name

    @property
    def workflows_known(self) -> Mapping[str, tuple[int, Mapping[str, Workflow]]]:
        """By source, where its workflows are remembered: a version, and they by any of their ids. Looked up once."""
        if self._workflows is None:
            known = {name: source.workflows_known() for name, source in self.by_name.items()}
            self._workflows = {name: one for name, one in known.items() if one is not None}
        return self._workflows

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

    def remembered(self, name: Hashable, at_most: int) -> FoundValues:
        """Values of a field; not kept if there are so many fields already."""
        if name in self.found or len(self.found) < at_most:
            return self.found.setdefault(name, FoundValues())
        return FoundValues()


Info = GraphQLResolveInfo[Context]
"What a resolver is told of its place."
