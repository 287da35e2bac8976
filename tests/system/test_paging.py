"""The promise of the list, over the five APIs as they are: pages put end to end are the whole list.

Data sets are drawn: ties, bursts, empty workflows, runs that are not over. What is wanted is worked out from one walk
with the largest pages, which is itself held against what the sandbox knows. EXAMPLES in the environment draws more.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import build_schema
from connectors.registry import find_providers
from sandbox import PROVIDERS, Problem, Run, Sandbox, State, Workflow, World
from schema.instant import SECOND, Instant
from tests.system.service import NOW, Service

DAY = 86_400 * SECOND
RUN_FIELDS = """id source nativeId status startedAt endedAt durationMs workflow { nativeId name } error { message }
  steps { complete nodes { name status type } }"""
QUERY = f"""query ($input: ExecutionHistoryInput, $orderBy: ExecutionOrder!, $first: Int, $after: String) {{
  executionHistory(input: $input, orderBy: $orderBy, first: $first, after: $after) {{
    nodes {{ {RUN_FIELDS} }} pageInfo {{ hasNextPage endCursor }} complete
    sources {{ source status count requests error {{ code message }} }}
  }}
}}"""
LEAN = QUERY.replace(RUN_FIELDS, "nativeId startedAt")

Row = Mapping[str, Any]


Between = Callable[[int], Awaitable[None]]


async def walk(
    service: Service,
    first: int,
    order: str = "STARTED_AT_DESC",
    wanted: Mapping[str, Any] | None = None,
    query: str = QUERY,
    between: Between | None = None,
) -> list[Row]:
    """All rows, page after page; every page but the last is full."""
    rows: list[Row] = []
    after: str | None = None
    for number in range(10_000):
        page = await service.page(query, input=wanted or {}, orderBy=order, first=first, after=after)
        assert page["complete"], page["sources"]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        assert len(page["nodes"]) == first
        after = page["pageInfo"]["endCursor"]
        if between is not None:
            await between(number)
    raise AssertionError("the pages do not end")


def in_order(rows: Sequence[Row], order: str) -> list[Row]:
    """By start, then source, then id: as the schema promises it."""
    sign = -1 if order == "STARTED_AT_DESC" else 1
    return sorted(rows, key=lambda row: (sign * Instant.parse(row["startedAt"]).ns, row["source"], native_key(row)))


def native_key(row: Row) -> tuple[str, str]:
    return row["workflow"]["nativeId"], row["nativeId"]


starts = st.one_of(
    st.sampled_from([NOW - 3 * DAY, NOW - 3 * DAY + 1, NOW - 3 * DAY + SECOND, NOW - 5 * DAY]),  # ties
    st.integers(NOW - 20 * DAY, NOW - 1),
    st.integers(NOW - 2 * DAY, NOW - 2 * DAY + 3 * SECOND),  # a burst
)
outcomes = st.sampled_from([State.SUCCEEDED, State.FAILED, State.CANCELED, State.WARNED])


@st.composite
def worlds(draw: st.DrawFn, most: int = 25) -> dict[str, World]:
    """Some runs of some workflows for each provider, some of them without any."""
    found = {}
    for provider in PROVIDERS:
        flows = [
            Workflow(id=f"{provider}-flow-{index}", name=f"Flow {'Alpha' if index % 2 else 'Beta'} {index}")
            for index in range(draw(st.integers(1, 3)))
        ]
        drawn = draw(
            st.lists(st.tuples(starts, st.integers(0, len(flows) - 1), outcomes, st.integers(0, 10**13)), max_size=most)
        )
        runs = [run_of(provider, flows[flow].id, index, start, outcome, length)
                for index, (start, flow, outcome, length) in enumerate(drawn)]  # fmt: skip
        found[provider] = World(flows, runs)
    return found


def run_of(provider: str, flow: str, index: int, start: int, outcome: State, length: int) -> Run:
    """A run at the precision that its provider has on the wire; one in seven is not over."""
    unit = {"boomi": SECOND, "informer": 10**6, "arcee": 10**3}.get(provider, 1)
    start = start // unit * unit
    error = (
        Problem(message=f"{'disk full' if index % 2 else 'no route'} at {index}", code="E")
        if outcome is State.FAILED
        else None
    )
    return Run(
        id=f"{provider}-run-{index:04d}",
        workflow=flow,
        started_at=start,
        ended_at=None if length % 7 == 0 else start + max(length // unit * unit, unit),
        outcome=outcome,
        error=error,
    )


STEP_FILTERS = [{"status": ["FAILED"]}, {"nameContains": "a"}, {"status": ["SUCCEEDED"], "nameContains": "e"}]
TIMES = [
    {"from": "2026-11-15T08:00:00Z"},
    {"to": "2026-11-17T08:00:00.000000001Z"},
    {"from": "2026-11-17T08:00:00.000000001Z", "to": "2026-11-18T08:00:01Z"},
]
LENGTHS = [{"minMs": 1000000.0}, {"maxMs": 500000.5}, {"minMs": 0.5, "maxMs": 9000000.0}]
STATUSES = ["SUCCEEDED", "FAILED", "RUNNING", "CANCELED", "ABORTED"]
filters = st.fixed_dictionaries(
    {},
    optional={
        "providers": st.lists(st.sampled_from([name.upper() for name in PROVIDERS]), min_size=1, max_size=3),
        "status": st.lists(st.sampled_from(STATUSES), min_size=1),
        "workflowNameContains": st.sampled_from(["alpha", "BETA", "flow", "nothing"]),
        "workflowIds": st.lists(st.sampled_from([f"{one}-flow-{n}" for one in PROVIDERS for n in (0, 1)]), min_size=1),
        "startedAt": st.sampled_from(TIMES),
        "endedAt": st.sampled_from([{"from": "2026-11-16T00:00:00Z"}, {"to": "2026-11-18T08:00:00Z"}]),
        "duration": st.sampled_from(LENGTHS),
        "errorContains": st.sampled_from(["DISK", "route at 1", "zzz"]),
        "anyStep": st.sampled_from(STEP_FILTERS),
    },
)


def wanted_of(row: Row, asked: Mapping[str, Any]) -> bool:
    """The filter, applied to what a client sees."""
    error = "" if row["error"] is None else row["error"]["message"].lower()
    return (
        ("providers" not in asked or row["nativeId"].partition("-")[0].upper() in asked["providers"])
        and ("status" not in asked or row["status"] in asked["status"])
        and ("workflowIds" not in asked or row["workflow"]["nativeId"] in asked["workflowIds"])
        and asked.get("workflowNameContains", "").lower() in row["workflow"]["name"].lower()
        and ("startedAt" not in asked or within(row["startedAt"], asked["startedAt"]))
        and ("endedAt" not in asked or within(row["endedAt"], asked["endedAt"]))
        and ("duration" not in asked or lasted(row["durationMs"], asked["duration"]))
        and ("errorContains" not in asked or asked["errorContains"].lower() in error)
        and ("anyStep" not in asked or any(is_such(step, asked["anyStep"]) for step in row["steps"]["nodes"]))
    )


def is_such(step: Row, asked: Row) -> bool:
    named = asked.get("nameContains", "").lower() in step["name"].lower()
    return named and step["status"] in asked.get("status", [step["status"]])


def lasted(ms: float | None, asked: Mapping[str, float]) -> bool:
    return ms is not None and asked.get("minMs", 0) <= ms <= asked.get("maxMs", float("inf"))


def within(moment: str | None, asked: Mapping[str, str]) -> bool:
    if moment is None:
        return False
    ns, start, end = Instant.parse(moment).ns, asked.get("from"), asked.get("to")
    return (start is None or ns >= Instant.parse(start).ns) and (end is None or ns < Instant.parse(end).ns)


@contextlib.asynccontextmanager
async def serving(
    schema: GraphQLSchema, folder: Path, data: dict[str, World], remembers: bool
) -> AsyncIterator[Service]:
    async with Sandbox(now=NOW, limits=False, worlds=data) as sandbox:
        service = Service(schema, folder, sandbox, remembers)
        try:
            yield service
        finally:
            await service.aclose()


@pytest.fixture(scope="module")
def schema() -> Iterator[GraphQLSchema]:
    yield build_schema(find_providers())


sizes = st.one_of(st.integers(3, 30), st.sampled_from([1, 2, 50, 100, 499, 500]))
orders = st.sampled_from(["STARTED_AT_DESC", "STARTED_AT_ASC"])
often = settings(
    max_examples=int(os.environ.get("EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@often
@given(data=worlds(), first=sizes, order=orders, asked=filters, remembers=st.booleans())
async def test_pages_end_to_end_are_the_filtered_list(
    schema: GraphQLSchema, tmp_path: Path, data: dict[str, World], first: int, order: str, asked: Row, remembers: bool
) -> None:
    async with serving(schema, tmp_path, data, remembers) as service:
        everything = await walk(service, 500, order)
        known = {run.id for world in data.values() for run in world.visible(NOW)}
        assert sorted(row["nativeId"] for row in everything) == sorted(known)
        assert everything == in_order(everything, order)

        pages = await walk(service, first, order, asked)

        assert pages == [row for row in everything if wanted_of(row, asked)]


@often
@given(data=worlds(), first=st.integers(1, 12), order=orders, remembers=st.booleans(), draws=st.data())
async def test_runs_that_were_there_throughout_appear_once_while_others_come_and_go(
    schema: GraphQLSchema,
    tmp_path: Path,
    data: dict[str, World],
    first: int,
    order: str,
    remembers: bool,
    draws: st.DataObject,
) -> None:
    throughout = {run.id for world in data.values() for run in world.visible(NOW)}

    async def change(number: int) -> None:
        provider = draws.draw(st.sampled_from(list(PROVIDERS)))
        world = data[provider]
        for index in range(draws.draw(st.integers(0, 3))):
            flow = draws.draw(st.sampled_from(list(world.workflows)))
            world.add(run_of(provider, flow, 5000 + 10 * number + index, NOW - 1, State.SUCCEEDED, 1))
        ids = [run.id for run in world.runs]
        gone = draws.draw(st.none() | st.sampled_from(ids) if ids else st.none())
        if gone is not None:
            world.delete(gone)
            throughout.discard(gone)

    async with serving(schema, tmp_path, data, remembers) as service:
        rows = await walk(
            service, first, order, query=LEAN.replace("id startedAt", "nativeId startedAt"), between=change
        )

    seen = [row["nativeId"] for row in rows]
    assert len(seen) == len(set(seen))
    assert throughout <= set(seen)
    ranks = [Instant.parse(row["startedAt"]).ns * (-1 if order == "STARTED_AT_DESC" else 1) for row in rows]
    assert ranks == sorted(ranks)
