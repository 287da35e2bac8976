"""Strategies for hypothesis: sources of all kinds with awkward data, and inputs over them."""

from typing import Any

from hypothesis import strategies as st

from schema.instant import SECOND, Instant
from schema.model import ExecutionStatus
from tests.resolvers.fakes import KINDS, NOW, FakeSource, run

UNITS = (1, SECOND // 2, SECOND, 60 * SECOND, 3600 * SECOND)
STATUSES = (ExecutionStatus.SUCCEEDED, ExecutionStatus.FAILED, ExecutionStatus.RUNNING)
FIRSTS = st.sampled_from([1, 2, 3, 5, 10, 17, 50, 200, 500])


@st.composite
def sources(draw: st.DrawFn, at_most: int = 6, at_least: int = 0) -> list[FakeSource]:
    """Some sources of mixed kinds, with ties, bursts and empty partitions, some of them a little out of order."""
    return [draw(source(f"s{index}", at_least)) for index in range(draw(st.integers(1, at_most)))]


@st.composite
def source(draw: st.DrawFn, name: str, at_least: int) -> FakeSource:
    kind = draw(st.sampled_from(sorted(KINDS)))
    unit = SECOND if kind == "token" else draw(st.sampled_from(UNITS))
    spread = draw(st.integers(1, 3))
    promised = KINDS[kind].order_promised
    return FakeSource(
        name,
        kind,
        [
            run(name, f"r{at}", ago * unit, workflow=f"w{at % spread}", status=STATUSES[at % 3], seconds=at % 7)
            for at, ago in enumerate(draw(st.lists(st.integers(0, 40), min_size=at_least, max_size=30)))
        ],
        # narrowing windows takes calls: very small pages would come to the bound of pages
        page_size=draw(st.integers(12 if kind == "unordered" else 5, 30)),
        precision=SECOND if kind == "token" else 1,
        late=0 if promised else draw(st.sampled_from([0, 0, 2 * SECOND])),
        swapped=False if promised else draw(st.booleans()),
        generous=draw(st.booleans()),
        names=["w0", "w1", "w2", "empty"],
    )


@st.composite
def inputs(draw: st.DrawFn) -> dict[str, Any]:
    """Some conditions, as they come from the engine."""
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
    if draw(st.integers(0, 3)) == 0:
        found["sources"] = draw(st.lists(st.sampled_from([f"s{index}" for index in range(6)]), min_size=1, unique=True))
    return found
