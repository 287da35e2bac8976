"""What a query costs the providers, counted at the sandbox: nothing twice, and nothing that was not selected."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import build_schema
from connectors.registry import find_providers
from sandbox import Call, Sandbox
from tests.system.service import NOW, Service
from tests.system.serving_api import Api, api_over

WITH_STEPS = "nodes { source status steps { nodes { name status } } } sources { source count requests } complete"
STEPS = ("/ExecutionConnector/", "/history", "/steps")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(limits=False, runs_per_provider=600) as sandbox:
        yield sandbox


@pytest.fixture
async def api(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Api]:
    async with api_over(sandbox, tmp_path) as api:
        yield api


def is_for_steps(call: Call) -> bool:
    """By the notes: Informer's steps lie in the record of one run."""
    is_list = call.path.endswith("/history") and call.provider == "informer"
    is_detail = call.provider == "informer" and "/history/" in call.path
    return is_detail or (not is_list and any(part in call.path for part in STEPS))


async def test_fifty_runs_with_steps_make_no_call_twice(api: Api, sandbox: Sandbox) -> None:
    history = await api.history(WITH_STEPS, first=50)

    assert len(history["nodes"]) == 50
    assert len({run["source"] for run in history["nodes"]}) == 5
    calls = Counter(repr(replace(call, status=0)) for call in sandbox.calls)
    assert [call for call, times in calls.items() if times > 1] == []


async def test_steps_are_asked_for_the_runs_of_the_page_only(api: Api, sandbox: Sandbox) -> None:
    history = await api.history(WITH_STEPS, first=50)

    rows = Counter(run["source"] for run in history["nodes"])
    asked = Counter(call.provider for call in sandbox.calls if is_for_steps(call))
    assert asked["boomi"] == -(-rows["boomi-eu"] // 20)
    assert asked["yandex"] == rows["flows"]
    assert asked["arcee"] == rows["llm"]
    assert asked["informer"] == rows["reports"]
    assert asked["sailpoint"] == rows["identity"]


async def test_what_is_not_selected_is_not_asked_for(api: Api, sandbox: Sandbox) -> None:
    await api.history("nodes { id provider status startedAt }", first=50)

    for call in sandbox.calls:
        assert not is_for_steps(call), call
        assert "/Process/" not in call.path, call
        assert "/workflow-executions/" not in call.path, call
        assert not (call.provider == "yandex" and "/execution/" in call.path), call


async def test_the_names_of_workflows_cost_boomi_nothing(api: Api, sandbox: Sandbox) -> None:
    history = await api.history("nodes { workflow { name } }", input={"providers": ["BOOMI"]}, first=50)

    assert all(run["workflow"]["name"] for run in history["nodes"])
    assert [call.path.rpartition("/")[0].rpartition("/")[2] for call in sandbox.calls] == ["ExecutionRecord"]


async def test_a_query_counts_its_own_calls(api: Api, sandbox: Sandbox) -> None:
    sources = {"boomi": "boomi-eu", "yandex": "flows", "arcee": "llm", "informer": "reports", "sailpoint": "identity"}
    history = await api.history("nodes { id } sources { source requests }", first=20)

    counted = Counter(sources[call.provider] for call in sandbox.calls)
    assert {one["source"]: one["requests"] for one in history["sources"]} == counted


async def test_asked_again_at_once_nothing_is_fetched_anew(tmp_path: Path) -> None:
    """The clock stands still, so that a slow machine is no excuse."""
    query = f"query ($first: Int) {{ executionHistory(first: $first) {{ {WITH_STEPS} }} }}"
    async with Sandbox(now=NOW, limits=False, runs_per_provider=600) as sandbox:
        service = Service(build_schema(find_providers()), tmp_path, sandbox, step=0)
        try:
            first = await service.page(query, first=20)
            sandbox.calls.clear()
            again = await service.page(query, first=20)
        finally:
            await service.aclose()

        assert again["nodes"] == first["nodes"]
        assert sandbox.calls == []
        assert {one["requests"] for one in again["sources"]} == {0}


async def test_sources_that_cannot_have_such_runs_are_not_asked(api: Api, sandbox: Sandbox) -> None:
    history = await api.history("nodes { provider status } sources { source status }", input={"status": ["DISCARDED"]})

    assert {run["provider"] for run in history["nodes"]} <= {"BOOMI"}
    assert {call.provider for call in sandbox.calls} == {"boomi"}
    statuses = {one["source"]: one["status"] for one in history["sources"]}
    assert statuses.pop("boomi-eu") == "OK"
    assert set(statuses.values()) == {"SKIPPED"}
