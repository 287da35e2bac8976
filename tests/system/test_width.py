"""Five hundred workflows in one source: what a first page costs, what later ones cost, and what a deadline leaves."""

from pathlib import Path
from typing import Any

import pytest

from app import build_schema
from connectors.registry import find_providers
from sandbox import Run, Sandbox, Workflow, World
from schema.instant import SECOND
from tests.system.service import NOW, Service

WIDTH = 500
CONNECTIONS = 16  # of a sandbox source
QUERY = """query ($input: ExecutionHistoryInput, $first: Int, $after: String) {
  executionHistory(input: $input, first: $first, after: $after) {
    nodes { nativeId startedAt } complete pageInfo { endCursor hasNextPage }
    sources { source status count error { code message } }
  }
}"""
HOUR = 3600 * SECOND


def wide(runs: int = 3) -> World:
    """Each workflow has its runs some minutes apart, and none at another one's time."""
    flows = [Workflow(id=f"flow-{index:03d}", name=f"Flow {index}") for index in range(WIDTH)]
    return World(
        flows,
        [
            Run(id=f"run-{index:03d}-{turn}", workflow=flow.id, started_at=start, ended_at=start + SECOND)
            for index, flow in enumerate(flows)
            for turn in range(runs)
            for start in [NOW - HOUR - (turn * WIDTH + index) * 7 * SECOND]
        ],
    )


SOURCES = {"arcee": "llm", "informer": "reports", "yandex": "flows", "sailpoint": "identity"}


@pytest.mark.parametrize("provider", sorted(SOURCES))
async def test_a_first_page_costs_a_call_a_workflow_and_later_ones_only_those_with_rows(
    provider: str, tmp_path: Path
) -> None:
    async with Sandbox(now=NOW, limits=False, worlds={provider: wide()}, providers=[provider]) as sandbox:
        service = Service(build_schema(find_providers()), tmp_path, sandbox, remembers=False)
        try:
            first, calls = await page(service, None)
            second, later = await page(service, first["pageInfo"]["endCursor"])
            _, much_later = await page(service, second["pageInfo"]["endCursor"])
        finally:
            await service.aclose()

    assert [run["nativeId"] for run in first["nodes"] + second["nodes"]] == [
        f"run-{index:03d}-0" for index in range(40)
    ]
    assert first["complete"]
    assert second["complete"]
    assert calls <= WIDTH
    assert later <= 20 + 2
    assert much_later <= 20 + 2
    assert len(first["pageInfo"]["endCursor"]) <= 4096


async def page(service: Service, after: str | None) -> tuple[Any, int]:
    """One page of 20, and what it cost in lists of runs."""
    service.sandbox.calls.clear()
    found = await service.page(QUERY, first=20, after=after)
    lists = ("/runs", "/executions", "/execution", "/history")
    return found, sum(call.path.endswith(lists) for call in service.sandbox.calls)


async def test_what_a_deadline_cuts_off_is_named_and_asking_again_gets_further(tmp_path: Path) -> None:
    async with Sandbox(now=NOW, limits=False, worlds={"arcee": wide()}, providers=["arcee"]) as sandbox:
        service = Service(build_schema(find_providers()), tmp_path, sandbox, pace=30, deadline_seconds=2, step=0)
        try:
            missing = []
            for _ in range(3):
                found = await service.page(QUERY, first=20)
                (outcome,) = found["sources"]
                assert found["complete"] is False
                assert (outcome["status"], outcome["error"]["code"]) == ("PARTIAL", "TIMEOUT")
                missing.append(int(outcome["error"]["message"].split(" of ")[0]))
        finally:
            await service.aclose()

    assert missing == sorted(missing, reverse=True)
    assert missing[-1] < missing[0] < WIDTH
    calls = [call.path for call in sandbox.calls if call.path.endswith("/runs")]
    # what is on its way when a deadline strikes ends with it, and is asked for again: no more than may be on its way
    assert len(calls) - len(set(calls)) <= 3 * CONNECTIONS
