"""How long answers may be kept, and when a client has the answer already."""

from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType

from app import build_schema
from connectors.registry import find_providers
from sandbox import Sandbox
from schema.instant import Instant
from schema.model import ExecutionConnection, PageInfo, SourceOutcome, SourceOutcomeStatus
from serving.freshness import OF_THE_ASKING, Freshness, matches
from tests.system.serving_api import api_over

NOW = Instant.parse("2026-11-20T08:00:00Z").ns
SCHEMA = build_schema(find_providers())


def page(*ages: float | None, status: SourceOutcomeStatus = SourceOutcomeStatus.OK) -> ExecutionConnection:
    """A list of as many sources, whose answers are so many seconds old."""
    outcomes = [
        SourceOutcome(
            source=f"source-{index}",
            provider="BOOMI",
            status=status,
            count=0,
            as_of=None if age is None else Instant.of(NOW - int(age * 1e9)),
            requests=0,
            duration_ms=0.0,
            error=None,
        )
        for index, age in enumerate(ages)
    ]
    nothing = PageInfo(has_next_page=False, has_previous_page=False)
    return ExecutionConnection(write=str, page_info=nothing, sources=outcomes, as_of=Instant.of(NOW))


@pytest.mark.parametrize(
    ("pages", "seconds"),
    [
        ([], 0),
        ([page(0)], 5),
        ([page(0, 1.5, None)], 3),
        ([page(0), page(4)], 1),
        ([page(60)], 0),
        ([page(-60)], 5),
        ([page(None)], 0),
        ([page(0, status=SourceOutcomeStatus.PARTIAL)], 0),
        ([page(0), page(0, status=SourceOutcomeStatus.FAILED)], 0),
    ],
)
def test_an_answer_is_as_old_as_the_oldest_list_in_it(pages: list[ExecutionConnection], seconds: int) -> None:
    assert Freshness(SCHEMA, clock=lambda: NOW).cache_control(pages) == f"private, max-age={seconds}"


def test_the_fields_that_tell_of_the_asking_are_fields_of_the_schema() -> None:
    for coordinate in OF_THE_ASKING:
        kind, _, name = coordinate.partition(".")
        found = SCHEMA.get_type(kind)
        assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
        assert name in found.fields


@pytest.mark.parametrize(
    ("given", "has_it"),
    [(None, False), ('W/"a"', True), ('"a"', True), ('"b", W/"a"', True), ("*", True), ('W/"b"', False), ("a", False)],
)
def test_tags_are_compared_weakly(given: str | None, has_it: bool) -> None:
    assert matches('W/"a"', given) is has_it


ASKED = (
    "query ($first: Int = 3) { executionHistory(first: $first) { asOf complete pageInfo { endCursor }"
    " nodes { id status } sources { source asOf requests ms: durationMs } } }"
)


async def test_a_client_that_has_the_answer_is_told_so(tmp_path: Path) -> None:
    sandbox = Sandbox(limits=False, runs_per_provider=60, now=NOW)
    for table in sandbox.sources.values():
        table["requests_per_second"] = 10_000  # nothing here is about the pace of calls
    async with sandbox, api_over(sandbox, tmp_path) as api:

        async def get(query: str, tag: str | None = None, **variables: Any) -> tuple[int, dict[str, str], bytes]:
            parameters = {"query": query} | {key: str(value) for key, value in variables.items()}
            headers = {"If-None-Match": tag} if tag else {}
            async with api.session.get(f"{api.url}/graphql", params=parameters, headers=headers) as response:
                names = {name.lower(): value for name, value in response.headers.items()}
                return response.status, names, await response.read()

        status, headers, _ = await get(ASKED)
        assert (status, headers["vary"]) == (200, "Accept")
        assert headers["cache-control"].startswith("private, max-age=")
        again = await get(ASKED, headers["etag"])
        assert (again[0], again[2]) == (304, b"")
        assert again[1]["etag"] == headers["etag"]
        assert "content-type" not in again[1]
        other = await get(ASKED, headers["etag"], variables='{"first": 4}')
        assert (other[0], other[1]["etag"] == headers["etag"]) == (200, False)
        wrong = await get('{ executionHistory(after: "x") { complete } }', "*")
        assert (wrong[0], wrong[1]["cache-control"], "etag" in wrong[1]) == (200, "no-store", False)
        async with api.session.post(f"{api.url}/graphql", json={"query": ASKED}) as posted:
            assert posted.headers["Cache-Control"].startswith("private, max-age=")
            assert "ETag" not in posted.headers
