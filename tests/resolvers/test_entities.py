"""What a gateway gets for the keys that it holds, over all five providers, and what that costs them."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from schema.identity import pack, unpack
from tests.system.serving_api import Api, api_over

ENTITIES = """query ($keys: [_Any!]!) { _entities(representations: $keys) {
  __typename
  ... on Execution { id source status startedAt durationMs }
  ... on ExecutionStep { id name status startedAt }
  ... on Workflow { id source provider nativeId }
} }"""
RUNS = "nodes { __typename id source status startedAt durationMs }"
WITH_STEPS = "nodes { source steps { nodes { __typename id name status startedAt } } }"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(limits=False, runs_per_provider=120) as sandbox:
        yield sandbox


@pytest.fixture
async def api(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Api]:
    async with api_over(sandbox, tmp_path) as api:
        yield api


def key(name: str, given: str) -> dict[str, str]:
    return {"__typename": name, "id": given}


async def entities(api: Api, *keys: Any) -> tuple[list[Any], dict[int, dict[str, Any]]]:
    """What they give, and the errors by index: code and message."""
    status, answer = await api.post(ENTITIES, {"keys": keys})
    assert status == 200
    errors = {}
    for error in answer.get("errors", []):
        field, index = error["path"]
        assert field == "_entities"
        errors[index] = {"message": error["message"], **error["extensions"]}
    return answer["data"]["_entities"], errors


async def test_runs_are_found_by_the_interface_and_by_their_type(api: Api) -> None:
    runs = (await api.history(RUNS, input={"status": ["SUCCEEDED", "FAILED"]}, first=60))["nodes"]
    assert len({run["source"] for run in runs}) == 5

    by_interface, _ = await entities(api, *(key("Execution", run["id"]) for run in runs))
    by_type, _ = await entities(api, *(key(run["__typename"], run["id"]) for run in runs))

    assert by_interface == runs
    assert by_type == runs


async def test_steps_are_found_among_those_of_their_run(api: Api) -> None:
    history = await api.history(WITH_STEPS, input={"status": ["SUCCEEDED", "FAILED"]}, first=60)
    assert len({run["source"] for run in history["nodes"] if run["steps"]["nodes"]}) == 5
    steps = [step for run in history["nodes"] for step in run["steps"]["nodes"]]

    found, errors = await entities(api, *(key("ExecutionStep", step["id"]) for step in steps))

    assert errors == {}
    assert found == steps


async def test_a_workflow_is_found_without_a_call_unless_its_name_is_asked_for(api: Api, sandbox: Sandbox) -> None:
    runs = (await api.history("nodes { workflow { id source provider nativeId name } }", first=60))["nodes"]
    flows = [run["workflow"] for run in runs]
    sandbox.calls.clear()

    found, errors = await entities(api, *(key("Workflow", flow["id"]) for flow in flows))
    assert (errors, sandbox.calls) == ({}, [])
    names = await api.data(
        "query ($keys: [_Any!]!) { _entities(representations: $keys) { ... on Workflow { name } } }",
        {"keys": [key("Workflow", flow["id"]) for flow in flows]},
    )

    told = [found | name for found, name in zip(found, names["_entities"], strict=True)]
    assert told == [{"__typename": "Workflow", **flow} for flow in flows]


async def test_all_keys_of_a_source_are_one_batch_of_runs_and_one_of_steps(
    api: Api, sandbox: Sandbox, tmp_path: Path
) -> None:
    page = await api.history("nodes { id steps(first: 2) { nodes { id } } }", input={"sources": ["boomi-eu"]}, first=15)
    steps = [step["id"] for run in page["nodes"] for step in run["steps"]["nodes"]]
    assert len(steps) > 15
    keys = [key(name, run["id"]) for run in page["nodes"] for name in ("Execution", "BoomiExecution")]

    async with api_over(sandbox, tmp_path / "fresh") as fresh:  # one that remembers nothing
        sandbox.calls.clear()
        _, errors = await entities(fresh, *keys, *(key("ExecutionStep", step) for step in steps))

    assert errors == {}
    assert Counter(call.path.split("/")[-2] for call in sandbox.calls) == {
        "ExecutionRecord": 1,
        "ExecutionConnector": 1,
    }


async def test_no_run_is_asked_for_twice(api: Api, sandbox: Sandbox, tmp_path: Path) -> None:
    page = await api.history("nodes { id __typename }", first=30)

    async with api_over(sandbox, tmp_path / "fresh") as fresh:
        sandbox.calls.clear()
        await entities(
            fresh, *(key(name, run["id"]) for run in page["nodes"] for name in ("Execution", run["__typename"]))
        )

    calls = Counter((call.provider, call.method, call.path, call.body, *call.query.items()) for call in sandbox.calls)
    assert [call for call, times in calls.items() if times > 1] == []


async def test_each_bad_key_is_one_null_and_one_error(api: Api) -> None:
    (good,) = (await api.history(RUNS, input={"sources": ["flows"], "status": ["SUCCEEDED"]}, first=1))["nodes"]
    run = unpack(good["id"])
    assert run is not None
    bad = {
        "no entity has this __typename": key("Order", "1"),
        "needs a __typename": {"id": good["id"]},
        "no entity has this": key("PageInfo", "1"),
        "is asked for by its id": {"__typename": "Execution"},
        "Workflow is asked for by its id": {"__typename": "Workflow", "id": 7},
        "not an id of Execution": key("Execution", "WyJub3Qg"),
        "not an id of ExecutionStep": key("ExecutionStep", good["id"]),
        "not an id of Workflow": key("Workflow", good["id"]),
        "no source 'elsewhere' is configured": key("Execution", pack("elsewhere", *run[1:])),
        "one of YandexExecution, not of BoomiExecution": key("BoomiExecution", good["id"]),
    }

    found, errors = await entities(api, *bad.values(), key("Execution", good["id"]))

    assert found == [None] * len(bad) + [good]
    assert [*errors] == [*range(len(bad))]
    assert {error["code"] for error in errors.values()} == {"BAD_USER_INPUT"}
    for part, error in zip(bad, errors.values(), strict=True):
        assert part in error["message"]


async def test_what_is_not_there_any_more_is_null_and_no_error(api: Api) -> None:
    ended = {"sources": ["boomi-eu"], "status": ["SUCCEEDED"]}
    (run,) = (await api.history("nodes { id steps { nodes { id } } }", input=ended, first=1))["nodes"]
    source, workflow, _ = unpack(run["id"]) or ()
    step = unpack(run["steps"]["nodes"][0]["id"]) or ()

    found, errors = await entities(
        api,
        key("Execution", pack(source, workflow, "execution-gone-2026.11.01")),
        key("ExecutionStep", pack(source, workflow, "execution-gone-2026.11.01", "1")),
        key("ExecutionStep", pack(*step[:3], "gone")),
        key("Execution", pack("llm", "no-such-workflow", "gone")),
        key("Execution", pack("flows", "gone", "gone")),
        key("Execution", pack("reports", "gone", "gone")),
        key("Execution", pack("identity", "gone", "gone")),
    )

    assert (found, errors) == ([None] * 7, {})


async def test_a_source_that_is_down_takes_nothing_from_the_others(api: Api, sandbox: Sandbox, tmp_path: Path) -> None:
    ended = {"status": ["SUCCEEDED", "FAILED"]}
    runs = (await api.history(f"{RUNS} nodes {{ steps(first: 1) {{ nodes {{ id }} }} }}", input=ended, first=40))[
        "nodes"
    ]
    steps = [run["steps"]["nodes"][0]["id"] for run in runs if run["source"] == "llm" and run["steps"]["nodes"]]
    plain = [{name: value for name, value in run.items() if name != "steps"} for run in runs]
    await sandbox.stop("arcee")

    async with api_over(sandbox, tmp_path / "fresh") as fresh:
        keys = [key("Execution", run["id"]) for run in runs]
        found, errors = await entities(fresh, *keys, *(key("ExecutionStep", step) for step in steps))

    assert found == [None if run["source"] == "llm" else run for run in plain] + [None] * len(steps)
    assert [*errors] == [index for index, one in enumerate(found) if one is None]
    assert {(one["code"], one["source"], one["sourceErrorCode"]) for one in errors.values()} == {
        ("SOURCE_ERROR", "llm", "UNREACHABLE")
    }


async def test_literals_in_the_document_do_as_well_as_variables(api: Api) -> None:
    (run,) = (await api.history(RUNS, first=1))["nodes"]

    found = await api.data(
        'query ($id: ID!) { _entities(representations: [{__typename: "Execution", id: $id}]) { __typename } }',
        {"id": run["id"]},
    )

    assert found == {"_entities": [{"__typename": run["__typename"]}]}
