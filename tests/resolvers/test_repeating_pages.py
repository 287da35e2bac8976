"""Sources that ignore the offset they are asked for: the list ends with word of it, and is never taken for whole."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from connectors.contract import ExecutionQuery, Page
from connectors.errors import UnreadableError
from resolvers.ordering import FIRST, Bound
from schema.instant import SECOND
from tests.resolvers.fakes import DESC, FakeSource, key_of, run
from tests.resolvers.test_streams import open_one

RUNS = [run("a", f"r{index:03}", index * 60 * SECOND) for index in range(130)]
PAGE = 20


@dataclass(slots=True)
class Looping(FakeSource):
    """Every page is the first one, and says that there are further ones, until its own count is reached."""

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        first = await FakeSource.list_executions(self, partition, query, None)
        end = int(cursor or 0) + len(first.executions)
        return replace(first, next_cursor=str(end) if end < len(RUNS) or self.kind == "offset" else None)


@pytest.mark.parametrize("place", [FIRST, key_of(RUNS[60], DESC)], ids=["from the start", "from a cursor"])
@pytest.mark.parametrize("kind", ["offset", "counted"])
async def test_a_list_whose_pages_repeat_is_left_with_an_error(kind: str, place: Bound) -> None:
    source = Looping("a", kind, RUNS, page_size=PAGE)
    stream = open_one(source, DESC, place)

    with pytest.raises(UnreadableError, match="the pages repeat"):
        while stream.bound is not None:
            await stream.advance()

    assert len(source.calls) <= 3
    assert {key for key, _ in stream.rows} <= {key_of(one, DESC) for one in RUNS[:PAGE]}


async def test_so_many_new_runs_between_two_calls_as_a_page_holds_are_no_repetition() -> None:
    """But for the very number that lies between two pages, which cannot be told from it."""
    new = [run("a", f"n{index:03}", -index * SECOND) for index in range(1, PAGE + 11)]
    source = FakeSource("a", "offset", list(RUNS), page_size=PAGE)
    source.before = lambda one, _: one.runs.extend(new) if len(one.calls) == 1 and new[0] not in one.runs else None
    stream = open_one(source, DESC)

    while stream.bound is not None:
        await stream.advance()

    assert new[0] in source.runs
    assert {run.key for _, run in stream.rows} >= {one.key for one in RUNS}
