"""The figures of `docs/calls.md`, measured again."""

from tests.snapshots import CALLS, part
from tests.system.calls import DEPTH, measure, table


async def test_common_queries_cost_the_calls_that_are_written_down() -> None:
    calls = await measure()

    print(table(calls))
    assert part(CALLS.read_text(encoding="utf-8"), "calls") == table(calls), "make snapshots"
    for source, deep in calls[f"page {DEPTH}"].items():
        assert abs(deep - calls["next page"][source]) <= 2
