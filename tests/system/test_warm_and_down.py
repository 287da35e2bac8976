"""All five providers down with a warm cache: what was seen is shown, as of then, and never longer than it may be."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.lifetimes import HARD_LIVE
from sandbox import PROVIDERS, Sandbox
from tests.system.service import NOW
from tests.system.still import StillApi, still_api

QUERY = """{ executionHistory(first: 50) {
  nodes { id provider nativeId status workflow { name } STEPS }
  complete sources { source status count asOf requests error { code message } } } }"""
LEAN = QUERY.replace("STEPS", "")
WITH_STEPS = QUERY.replace("STEPS", "steps { nodes { name } complete error { code message } }")
MINUTE = 60.0  # seconds
TROUBLES: list[tuple[str, Mapping[str, Any], str]] = [
    ("refuse", {}, "UNREACHABLE"),
    ("500", {}, "UNREACHABLE"),
    ("429-seconds", {"seconds": 2}, "RATE_LIMITED"),
]


async def all_ill(api: StillApi, name: str, parameters: Mapping[str, Any]) -> None:
    for provider in PROVIDERS:
        await api.sandbox.fault(provider, name, **parameters)


@pytest.mark.parametrize(("name", "parameters", "code"), TROUBLES, ids=[name for name, _, _ in TROUBLES])
async def test_the_rows_of_before_come_stamped_with_their_time_and_the_reason(
    name: str, parameters: Mapping[str, Any], code: str, tmp_path: Path
) -> None:
    async with Sandbox(now=NOW, limits=False, runs_per_provider=40) as sandbox, still_api(sandbox, tmp_path) as api:
        fresh = await api.ask(LEAN)
        await all_ill(api, name, parameters)
        api.now += 10 * MINUTE

        stale = await api.ask(LEAN)

    assert fresh["complete"]
    assert stale["nodes"] == fresh["nodes"]
    assert stale["complete"] is False
    for before, now in zip(fresh["sources"], stale["sources"], strict=True):
        assert (now["status"], now["count"], now["asOf"]) == ("PARTIAL", before["count"], before["asOf"])
        assert now["error"]["code"] == code
        assert now["error"]["message"].startswith("an older answer stands in: ")


@pytest.mark.parametrize(("name", "parameters", "code"), TROUBLES, ids=[name for name, _, _ in TROUBLES])
async def test_past_the_hard_limit_they_have_failed(
    name: str, parameters: Mapping[str, Any], code: str, tmp_path: Path
) -> None:
    async with Sandbox(now=NOW, limits=False, runs_per_provider=40) as sandbox, still_api(sandbox, tmp_path) as api:
        await api.ask(WITH_STEPS)
        await all_ill(api, name, parameters)
        api.now += HARD_LIVE + MINUTE

        late = await api.ask(WITH_STEPS)

    assert late["nodes"] == []
    assert late["complete"] is False
    assert {(one["status"], one["count"], one["asOf"]) for one in late["sources"]} == {("FAILED", 0, None)}
    assert {one["error"]["code"] for one in late["sources"]} == {code}


async def test_steps_of_runs_that_are_over_stay_and_those_of_others_say_that_they_are_of_before(tmp_path: Path) -> None:
    async with Sandbox(now=NOW, limits=False, runs_per_provider=40) as sandbox, still_api(sandbox, tmp_path) as api:
        fresh = await api.ask(WITH_STEPS)
        await all_ill(api, "refuse", {})
        api.now += 10 * MINUTE

        stale = await api.ask(WITH_STEPS)

    assert [run["id"] for run in stale["nodes"]] == [run["id"] for run in fresh["nodes"]]
    kinds = set()
    for before, now in zip(fresh["nodes"], stale["nodes"], strict=True):
        assert now["steps"]["nodes"] == before["steps"]["nodes"]
        is_over = now["status"] not in {"QUEUED", "RUNNING", "PAUSED", "UNKNOWN"}
        kinds.add(is_over)
        if is_over:
            assert now["steps"] == before["steps"]
        else:
            assert now["steps"]["complete"] is False
            assert now["steps"]["error"]["message"].startswith("an older answer stands in: ")
    assert kinds == {True, False}


async def test_past_the_hard_limit_steps_are_missing_and_say_why(tmp_path: Path) -> None:
    """The runs are asked for by a list that is still good; their steps were seen long before."""
    async with Sandbox(now=NOW, limits=False, runs_per_provider=40) as sandbox, still_api(sandbox, tmp_path) as api:
        await api.ask(WITH_STEPS)
        api.now += 10 * MINUTE
        await api.ask(LEAN)
        await all_ill(api, "refuse", {})
        api.now += 10 * MINUTE

        late = await api.ask(WITH_STEPS)

    open_runs = [run for run in late["nodes"] if run["status"] in {"QUEUED", "RUNNING", "PAUSED"}]
    assert open_runs
    for run in open_runs:
        assert run["steps"]["nodes"] == []
        assert run["steps"]["complete"] is False
        assert run["steps"]["error"]["code"] == "UNREACHABLE"
