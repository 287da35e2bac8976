"""The promise: pages end to end are the whole list, each run once, in order. For any data, any sources, any `first`."""

from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from resolvers.request import read_request
from schema.instant import SECOND, Instant
from schema.model import ExecutionOrder, ExecutionStatus
from tests.resolvers.fakes import ASC, DESC, KINDS, NOW, FakeSource, Walk, ids_of, pages_of, rows_of, run, truth

UNITS = (1, SECOND // 2, SECOND, 60 * SECOND, 3600 * SECOND)
STATUSES = [ExecutionStatus.SUCCEEDED, ExecutionStatus.FAILED, ExecutionStatus.RUNNING]


@st.composite
def sources(draw: st.DrawFn, at_most: int = 4, *, quiet: bool = False) -> list[FakeSource]:
    """Some sources of mixed kinds, with ties, bursts and empty partitions."""
    found = []
    for index in range(draw(st.integers(1, at_most))):
        kind = draw(st.sampled_from(sorted(KINDS)))
        name = f"{kind}{index}"
        unit = SECOND if kind == "token" else draw(st.sampled_from(UNITS))
        runs = [
            run(
                name,
                f"r{number}",
                ago * unit,
                workflow=f"w{number % draw(st.integers(1, 3))}",
                status=STATUSES[number % 3],
                seconds=number % 7,
            )
            for number, ago in enumerate(draw(st.lists(st.integers(0, 40), max_size=30)))
        ]
        promised = KINDS[kind].order_promised
        found.append(
            FakeSource(
                name,
                kind,
                runs,
                page_size=draw(st.integers(5, 30)),
                precision=SECOND if kind == "token" else 1,
                late=0 if promised or quiet else draw(st.sampled_from([0, 0, 2 * SECOND])),
                swapped=False if promised or quiet else draw(st.booleans()),
                generous=draw(st.booleans()),
                names=["w0", "w1", "w2", "empty"],
            )
        )
    return found


@st.composite
def inputs(draw: st.DrawFn) -> dict[str, Any]:
    """Some conditions."""
    found: dict[str, Any] = {}
    moments = st.builds(lambda ago, unit: Instant.of(NOW - ago * unit), st.integers(0, 40), st.sampled_from(UNITS))
    if draw(st.booleans()):
        found["status"] = draw(st.lists(st.sampled_from(STATUSES), min_size=1, unique=True))
    for name in ("started_at", "ended_at"):
        if draw(st.integers(0, 2)) == 0:
            start, end = draw(st.none() | moments), draw(st.none() | moments)
            if start is None or end is None or start.ns < end.ns:
                found[name] = {"from": start, "to": end}
    if draw(st.integers(0, 3)) == 0:
        found["duration"] = {"min_ms": draw(st.sampled_from([None, 0.0, 2000.0])), "max_ms": 4000.0}
    if draw(st.integers(0, 3)) == 0:
        found["workflow_ids"] = draw(st.lists(st.sampled_from(["w0", "w1", "w9"]), min_size=1, unique=True))
    return found


@settings(deadline=None, max_examples=300, derandomize=True)
@given(sources(), inputs(), st.sampled_from(ExecutionOrder), st.sampled_from([1, 2, 3, 5, 10, 17, 50, 500]), st.booleans())
async def test_pages_end_to_end_are_the_whole_list(
    given_sources: list[FakeSource], given_input: dict[str, Any], order: ExecutionOrder, first: int, fresh: bool
) -> None:
    walk = Walk(given_sources, given_input, order, first, fresh=fresh)
    expected = truth(given_sources, read_request(given_input, order, 500, None, b"").query, order)

    pages = await pages_of(walk)

    assert ids_of(rows_of(pages)) == expected
    assert all(len(page.nodes) == first for page in pages[:-1])
    assert len(pages[-1].nodes) > 0 or len(pages) == 1
    assert all(page.complete for page in pages)
    whole = await walk.page(first=500)
    assert ids_of(whole.nodes) == expected[:500]
