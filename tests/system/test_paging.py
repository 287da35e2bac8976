"""The promise of the list, over the five APIs as they are: pages put end to end are the whole list.

Data sets are drawn: ties, bursts, empty workflows, runs that are not over. What is wanted is worked out from one walk
with the largest pages, which is itself held against what the sandbox knows. EXAMPLES in the environment draws more.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ariadne import graphql
from graphql import GraphQLSchema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import build_schema
from connectors.cached import Cached
from connectors.connect import connect
from connectors.registry import find_providers
from resolvers.context import Context, House, Source
from sandbox import PROVIDERS, Problem, Run, Sandbox, State, Workflow, World
from schema.instant import SECOND, Instant
from settings import read_settings

DAY = 86_400 * SECOND
NOW = Instant.parse("2026-11-20T08:00:00Z").ns
RUN_FIELDS = """id source nativeId status startedAt endedAt durationMs workflow { nativeId name } error { message }
  steps { complete nodes { name status type } }"""
QUERY = f"""query ($input: ExecutionHistoryInput, $orderBy: ExecutionOrder!, $first: Int, $after: String) {{
  executionHistory(input: $input, orderBy: $orderBy, first: $first, after: $after) {{
    nodes {{ {RUN_FIELDS} }} pageInfo {{ hasNextPage endCursor }} complete
    sources {{ source status count requests error {{ code message }} }}
  }}
}}"""
LEAN = QUERY.replace(RUN_FIELDS, "id startedAt source")

Row = Mapping[str, Any]


@dataclass
class Service:
    """The API without its own HTTP: each page may be asked of a process that remembers nothing."""

    schema: GraphQLSchema
    folder: Path
    sandbox: Sandbox
    remembers: bool = True
    now: float = 0.0
    _open: list[Cached] = field(default_factory=list)
    _house: House | None = None

    def _connect(self) -> House:
        providers = find_providers()
        configured = read_settings(self.sandbox.write_settings(self.folder), providers)
        connectors = []
        for name, one in configured.sources.items():
            connected = connect(name, one, providers[one.provider])
            connectors.append(Cached(connected.inner, clock=lambda: self.now, close=connected.close))
        self._open += connectors
        return House(sources=[Source(connector) for connector in connectors], wall_clock=lambda: NOW)

    async def page(self, first: int, order: str, wanted: Mapping[str, Any], after: str | None, query: str) -> Row:
        """One page, by a process that lives on or by a new one; more seconds later than lists are remembered."""
        self.now += 60
        if self._house is None or not self.remembers:
            self._house = self._connect()
        variables = {"input": wanted, "orderBy": order, "first": first, "after": after}
        context = Context(self._house)
        context.enter()
        _, result = await graphql(self.schema, {"query": query, "variables": variables}, context_value=context)
        assert "errors" not in result, result["errors"]
        found: Row = result["data"]["executionHistory"]
        return found

    async def aclose(self) -> None:
        for connector in self._open:
            await connector.aclose()


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
        page = await service.page(first, order, wanted or {}, after, query)
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


filters = st.fixed_dictionaries(
    {},
    optional={
        "providers": st.lists(st.sampled_from([name.upper() for name in PROVIDERS]), min_size=1, max_size=3),
        "status": st.lists(st.sampled_from(["SUCCEEDED", "FAILED", "RUNNING", "CANCELED", "ABORTED"]), min_size=1),
        "workflowNameContains": st.sampled_from(["alpha", "BETA", "flow", "nothing"]),
        "workflowIds": st.lists(st.sampled_from([f"{name}-flow-{n}" for name in PROVIDERS for n in (0, 1)]), min_size=1),
        "startedAt": st.sampled_from([
            {"from": "2026-11-15T08:00:00Z"},
            {"to": "2026-11-17T08:00:00.000000001Z"},
            {"from": "2026-11-17T08:00:00.000000001Z", "to": "2026-11-18T08:00:01Z"},
        ]),  # fmt: skip
        "endedAt": st.sampled_from([{"from": "2026-11-16T00:00:00Z"}, {"to": "2026-11-18T08:00:00Z"}]),
        "duration": st.sampled_from([{"minMs": 1000000.0}, {"maxMs": 500000.5}, {"minMs": 0.5, "maxMs": 9000000.0}]),
        "errorContains": st.sampled_from(["DISK", "route at 1", "zzz"]),
        "anyStep": st.sampled_from([{"status": ["FAILED"]}, {"nameContains": "a"}, {"status": ["SUCCEEDED"], "nameContains": "e"}]),
    },
)  # fmt: skip


def wanted_of(row: Row, asked: Mapping[str, Any]) -> bool:
    """The filter, applied to what a client sees."""
    ended, duration, error = row["endedAt"], row["durationMs"], row["error"]
    return all([
        "providers" not in asked or row["nativeId"].partition("-")[0].upper() in asked["providers"],
        "status" not in asked or row["status"] in asked["status"],
        "workflowIds" not in asked or row["workflow"]["nativeId"] in asked["workflowIds"],
        asked.get("workflowNameContains", "").lower() in row["workflow"]["name"].lower(),
        within(row["startedAt"], asked.get("startedAt")),
        "endedAt" not in asked or (ended is not None and within(ended, asked["endedAt"])),
        "duration" not in asked or (duration is not None
            and asked["duration"].get("minMs", 0) <= duration <= asked["duration"].get("maxMs", float("inf"))),
        "errorContains" not in asked or (error is not None and asked["errorContains"].lower() in error["message"].lower()),
        "anyStep" not in asked or any(
            step["status"] in asked["anyStep"].get("status", [step["status"]])
            and asked["anyStep"].get("nameContains", "").lower() in step["name"].lower()
            for step in row["steps"]["nodes"]
        ),
    ])  # fmt: skip


def within(moment: str, asked: Mapping[str, str] | None) -> bool:
    ns = Instant.parse(moment).ns
    start, end = (asked or {}).get("from"), (asked or {}).get("to")
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
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
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
        if world.runs and draws.draw(st.booleans()):
            gone = draws.draw(st.sampled_from(list(world.runs))).id
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
