"""A source that dies between pages 3 and 4 and is back at page 6, walked through over the five APIs."""

from pathlib import Path
from typing import Any

import pytest

from app import build_schema
from connectors.registry import find_providers
from sandbox import PROVIDERS, Sandbox
from tests.system.service import NOW, Service

QUERY = """query ($input: ExecutionHistoryInput, $first: Int, $after: String) {
  executionHistory(input: $input, first: $first, after: $after) {
    nodes { id provider } complete pageInfo { endCursor hasNextPage }
    sources { provider status count error { code } }
  }
}"""
PAGES = 8


@pytest.mark.parametrize("remembers", [True, False], ids=["one process", "a new process each page"])
@pytest.mark.parametrize("lost", sorted(PROVIDERS))
async def test_the_others_lose_and_repeat_nothing(lost: str, remembers: bool, tmp_path: Path) -> None:
    schema = build_schema(find_providers())
    async with Sandbox(now=NOW, limits=False, runs_per_provider=150) as sandbox:
        untouched = Service(schema, tmp_path, sandbox)
        # between two pages more time goes by than stale lists may stand in for a source
        service = Service(schema, tmp_path, sandbox, remembers, step=1000)
        try:
            untroubled = await walk(untouched, None, lambda number: nothing())
            cursors: list[str | None] = []

            async def trouble(number: int) -> None:
                if number == 4:
                    await sandbox.stop(lost)
                if number == 6:
                    await sandbox.start(lost)

            troubled = await walk(service, cursors, trouble)
            again = await service.page(QUERY, first=20, after=cursors[3])
        finally:
            await untouched.aclose()
            await service.aclose()

    kept = [run for page in troubled for run in page["nodes"] if run["provider"] != lost.upper()]
    wanted = [run for page in untroubled for run in page["nodes"] if run["provider"] != lost.upper()]
    assert kept[: len(wanted)] == wanted
    assert len({run["id"] for run in kept}) == len(kept)
    for number, page in enumerate(troubled, start=1):
        outcome = next(one for one in page["sources"] if one["provider"] == lost.upper())
        is_down = number in (4, 5)
        assert page["complete"] is not is_down
        assert (outcome["status"], outcome["error"]) == (
            ("FAILED", {"code": "UNREACHABLE"}) if is_down else ("OK", None)
        )
    assert again["nodes"] == untroubled[3]["nodes"]
    assert again["complete"] is True


async def nothing() -> None:
    """Between the pages of a quiet walk."""


async def walk(service: Service, cursors: list[str | None] | None, before: Any) -> list[Any]:
    """Some pages; the cursors that they were asked with are written down."""
    pages = []
    after: str | None = None
    for number in range(1, PAGES + 1):
        await before(number)
        if cursors is not None:
            cursors.append(after)
        page = await service.page(QUERY, first=20, after=after)
        pages.append(page)
        after = page["pageInfo"]["endCursor"]
    return pages
