"""How long an answer may be kept, and what tells it from the next: `Cache-Control` and `ETag`.

An answer is as old as the oldest list it was made of. Two answers are equal when they hold the same runs in the same
words, although each was asked for at its own time; so the tag is a weak one, and leaves out the fields that tell of
the asking.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import msgspec
from graphql import GraphQLSchema

from engine.documents import Operation
from engine.projection import Paths, Projection, without
from schema.model import ExecutionConnection

NO_STORE = "no-store"
NANOSECONDS = 1_000_000_000

OF_THE_ASKING = frozenset(
    {
        "ExecutionConnection.asOf",
        "ExecutionEdge.cursor",
        "PageInfo.startCursor",
        "PageInfo.endCursor",
        "SourceOutcome.asOf",
        "SourceOutcome.requests",
        "SourceOutcome.durationMs",
    }
)
"Fields that change with each asking; a cursor holds when its list was first asked for."


@dataclass(slots=True)
class Freshness:
    """What answers of one schema say of their age.

    Args:
        list_seconds: How long a list of runs is taken for fresh.
    """

    schema: GraphQLSchema
    list_seconds: float = 5.0
    clock: Callable[[], int] = time.time_ns
    _paths: "WeakKeyDictionary[Operation, Paths]" = field(default_factory=WeakKeyDictionary)

    def cache_control(self, pages: Sequence[ExecutionConnection]) -> str:
        """For an answer made of these lists; one that misses something is worth asking for anew.

        Private, as whoever put access control before us did it for callers, not for caches between.
        """
        left = min((self._left(page) for page in pages), default=0.0)
        return f"private, max-age={int(min(max(left, 0.0), self.list_seconds))}"

    def _left(self, page: ExecutionConnection) -> float:
        """Seconds."""
        fetched = [outcome.as_of.ns for outcome in page.sources if outcome.as_of is not None]
        if not page.complete or not fetched:
            return 0.0
        return self.list_seconds - (self.clock() - min(fetched)) / NANOSECONDS

    def etag(self, operation: Operation, body: bytes) -> str:
        """Of an answer without errors, as it is sent."""
        paths = self._paths.get(operation)
        if paths is None:
            paths = self._paths[operation] = Projection(self.schema, OF_THE_ASKING).paths(operation)
        if paths:
            with contextlib.suppress(msgspec.MsgspecError):  # a provider's JSON may hold what only its bytes can tell
                body = msgspec.json.encode(without(msgspec.json.decode(body), {"data": paths}))
        return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(etag: str, if_none_match: str | None) -> bool:
    """Whether the caller has that answer; compared weakly."""
    if if_none_match is None:
        return False
    known = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in known or etag.removeprefix("W/") in known
