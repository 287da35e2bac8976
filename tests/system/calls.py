"""What common queries cost each provider, in calls: measured over the sandbox, by processes that remember nothing."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app import build_schema
from connectors.registry import find_providers
from sandbox import Sandbox
from tests.system.service import NOW, Service

DEPTH = 200
HISTORY = """query ($input: ExecutionHistoryInput, $first: Int, $after: String) {
  executionHistory(input: $input, first: $first, after: $after) {
    nodes { id %s } pageInfo { endCursor hasNextPage } complete sources { source status error { message } }
  }
}"""
LEAN, WITH_STEPS = HISTORY % "", HISTORY % "steps { nodes { name } }"
HOUR = {"from": "2026-11-19T08:00:00Z", "to": "2026-11-19T09:00:00Z"}
TOKENS = ("/iam/v1/tokens", "/oauth/token")

Calls = dict[str, dict[str, int]]


class Meter:
    """Asks of one source, and counts."""

    def __init__(self, service: Service, source: str) -> None:
        self._service = service
        self._source = source

    async def ask(self, query: str, after: str | None = None, first: int = 20, **wanted: Any) -> Mapping[str, Any]:
        """One page of the source."""
        asked = {"sources": [self._source], **wanted}
        return await self._service.page(query, input=asked, first=first, after=after)

    async def calls(self, query: str, after: str | None = None, first: int = 20, **wanted: Any) -> int:
        """What a page costs a process that has just started. Token exchanges are left out."""
        self._service.sandbox.calls.clear()
        page = await self.ask(query, after, first, **wanted)
        assert page["nodes"], "the question finds nothing"
        return sum(not call.path.endswith(TOKENS) for call in self._service.sandbox.calls)

    async def cursor(self, page: int) -> str:
        """Where a page begins, after those before it."""
        after: str | None = None
        for _ in range(page - 1):
            after = (await self.ask(LEAN, after))["pageInfo"]["endCursor"]
        assert after is not None
        return after


async def measure(depth: int = DEPTH) -> Calls:
    """Calls by question, then by source."""
    found: Calls = {}
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(now=NOW, limits=False) as sandbox:
            cold = Service(build_schema(find_providers()), Path(folder), sandbox, remembers=False)
            warm = Service(cold.schema, Path(folder), sandbox)
            try:
                for source in sandbox.sources:
                    for question, calls in (await _of_source(Meter(cold, source), Meter(warm, source), depth)).items():
                        found.setdefault(question, {})[source] = calls
            finally:
                await cold.aclose()
                await warm.aclose()
    return found


async def _of_source(cold: Meter, warm: Meter, depth: int) -> dict[str, int]:
    first = await warm.ask(LEAN)
    return {
        "first page of 20": await cold.calls(LEAN),
        "next page": await cold.calls(LEAN, first["pageInfo"]["endCursor"]),
        f"page {depth}": await cold.calls(LEAN, await warm.cursor(depth)),
        "first page, with steps": await cold.calls(WITH_STEPS),
        "one run by its id": await cold.calls(LEAN, ids=[first["nodes"][0]["id"]]),
        "first page of FAILED": await cold.calls(LEAN, status=["FAILED"]),
        "an hour of yesterday": await cold.calls(LEAN, startedAt=HOUR),
        "5 runs with a FAILED step": await cold.calls(LEAN, first=5, anyStep={"status": ["FAILED"]}),
    }


def table(calls: Calls) -> str:
    """The figures in Markdown."""
    sources = list(next(iter(calls.values())))
    lines = [f"| | {' | '.join(sources)} |", "| --- |" + " ---: |" * len(sources)]
    lines += [f"| {question} | {' | '.join(str(row[one]) for one in sources)} |" for question, row in calls.items()]
    return "\n".join(lines) + "\n"
