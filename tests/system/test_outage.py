"""A provider that is down: the others answer as if nothing were, and the answer says what is missing."""

from pathlib import Path

import pytest

from app import build_schema
from connectors.registry import find_providers
from sandbox import PROVIDERS, Sandbox
from tests.system.service import NOW, Service
from tests.system.serving_api import api_over

SELECTION = "complete nodes { id } sources { source provider status count error { code message retryable } }"


@pytest.mark.parametrize("down", sorted(PROVIDERS))
async def test_one_provider_down_leaves_the_other_four(down: str, tmp_path: Path) -> None:
    async with Sandbox(limits=False, runs_per_provider=120) as sandbox, api_over(sandbox, tmp_path) as api:
        others = [name.upper() for name in PROVIDERS if name != down]
        expected = await api.history("complete nodes { id }", input={"providers": others})
        await sandbox.stop(down)

        history = await api.history(SELECTION)

        assert history["nodes"] == expected["nodes"]
        assert history["complete"] is False
        outcomes = {one["provider"]: one for one in history["sources"]}
        failed = outcomes.pop(down.upper())
        assert (failed["status"], failed["count"], failed["error"]["code"]) == ("FAILED", 0, "UNREACHABLE")
        assert failed["error"]["retryable"] is True
        assert {one["status"] for one in outcomes.values()} == {"OK"}


async def test_a_provider_that_is_back_answers_again(tmp_path: Path) -> None:
    """It is left alone for some seconds at first; between two pages of the service more have passed."""
    query = f"query ($input: ExecutionHistoryInput) {{ executionHistory(input: $input) {{ {SELECTION} }} }}"
    asked = {"sources": ["llm"]}
    async with Sandbox(now=NOW, limits=False, runs_per_provider=120, providers=["arcee"]) as sandbox:
        service = Service(build_schema(find_providers()), tmp_path, sandbox)
        try:
            before = await service.page(query, input=asked)
            await sandbox.stop("arcee")
            await service.page(query, input=asked)
            await sandbox.start("arcee")
            after = await service.page(query, input=asked)
        finally:
            await service.aclose()

    assert after["complete"] is True
    assert after["nodes"] == before["nodes"]


async def test_one_that_keeps_failing_is_left_alone_for_some_seconds(tmp_path: Path) -> None:
    """No call is made, nobody waits, and the answer says for how long."""
    async with Sandbox(limits=False, runs_per_provider=120) as sandbox, api_over(sandbox, tmp_path) as api:
        await sandbox.stop("arcee")
        for first in range(10, 21):
            await api.history(SELECTION, input={"sources": ["llm"]}, first=first)
        await sandbox.start("arcee")

        selection = "sources { source status requests error { code message retryable retryAfterMs } }"
        outcomes = (await api.history(selection, input={"sources": ["llm"]}))["sources"]

        (outcome,) = [one for one in outcomes if one["source"] == "llm"]
        error = outcome["error"]
        assert (outcome["status"], outcome["requests"], error["code"]) == ("FAILED", 0, "UNREACHABLE")
        assert "left alone" in error["message"]
        assert error["retryable"] is True
        assert 0 < error["retryAfterMs"] <= 5000
        assert sandbox.calls == []


async def test_steps_that_cannot_be_had_are_told_where_they_are_missing(tmp_path: Path) -> None:
    async with Sandbox(limits=False, runs_per_provider=120) as sandbox, api_over(sandbox, tmp_path) as api:
        await api.history("nodes { id }", input={"sources": ["flows"]}, first=3)
        await sandbox.stop("yandex")

        steps = "steps { complete totalCount nodes { name } error { code } }"
        history = await api.history(f"complete nodes {{ id {steps} }}", input={"sources": ["flows"]}, first=3)

        assert len(history["nodes"]) == 3
        failure = {"code": "UNREACHABLE"}
        missing: dict[str, object] = {"complete": False, "totalCount": None, "nodes": [], "error": failure}
        assert [run["steps"] for run in history["nodes"]] == [missing] * 3
