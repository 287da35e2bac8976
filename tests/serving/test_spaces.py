"""A frontend that was written for Boomi Spaces, at our door: the documented request gets the documented answer."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import graphql

from connectors.contract import Door, ExecutionQuery
from connectors.registry import find_providers
from engine.limits import Limits
from resolvers.context import Context, House, Source
from sandbox import Sandbox
from serving.spaces import DoorDocuments
from settings import SettingsError, read_settings
from tests.resolvers.fakes import FakeSource, run
from tests.system.service import NOW
from tests.system.serving_api import Api, api_over

HERE = Path(__file__).parent
REQUEST = (HERE / "spaces_sample_request.graphql").read_text(encoding="utf-8")  # byte for byte as documented
ANSWER = json.loads((HERE.parent / "samples/boomi/spaces/documented_sample.200.json").read_text(encoding="utf-8"))
HEADERS = {"SPACE_GUID": "5f0c2b1e-cafe", "Authorization": "Bearer a.b.c", "Accept": "application/json"}
DOOR = '[server]\nspaces_source = "boomi-eu"\n\n'
LISTED = """query ($input: executionHistoryInput!) {
  executionHistory(input: $input) { executionId executionTime status message }
}"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(now=NOW, limits=False, runs_per_provider=400) as sandbox:
        yield sandbox


@pytest.fixture
async def api(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Api]:
    async with api_over(sandbox, tmp_path, DOOR) as api:
        yield api


async def knock(
    api: Api,
    query: str,
    variables: Mapping[str, Any] | None = None,
    content_type: str = "application/json",
    headers: Mapping[str, str] = HEADERS,
) -> tuple[int, dict[str, Any]]:
    """Status and answer, as a frontend of Boomi's asks."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    skipped = [] if content_type else ["Content-Type"]
    headers = dict(headers) | ({"Content-Type": content_type} if content_type else {})
    async with api.session.post(
        f"{api.url}/spaces/graphql", data=body, headers=headers, skip_auto_headers=skipped
    ) as response:
        return response.status, await response.json()


async def a_process(api: Api) -> str:
    """Of the newest run."""
    history = await api.history("nodes { workflow { nativeId } }", input={"providers": ["BOOMI"]}, first=1)
    return str(history["nodes"][0]["workflow"]["nativeId"])


@pytest.mark.parametrize(
    "content_type", ["application/json", "", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"]
)
async def test_the_documented_request_gets_the_documented_answer(api: Api, content_type: str) -> None:
    """With the fields that it asks for and the documented answer leaves out; a type of body is not documented."""
    status, answer = await knock(api, REQUEST, content_type=content_type)

    (shown,), (found,) = ANSWER["data"]["executionHistory"], answer["data"]["executionHistory"]
    assert (status, [*answer]) == (200, ["data"])
    assert found == shown | {
        "originalExecutionId": None,
        "account": "account-123456",
        "atomName": "Runtime 1",
        "atomId": "3456789a-bcde-f012-3456-789abcdef012",
    }


async def test_what_a_page_of_another_origin_can_send_unasked_is_refused(api: Api, sandbox: Sandbox) -> None:
    """A body of no or a plain type, without the header of Spaces."""
    for content_type in ("", "text/plain", "application/x-www-form-urlencoded"):
        status, answer = await knock(api, REQUEST, content_type=content_type, headers={})

        assert status == 415
        assert answer["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert sandbox.calls == []


async def test_any_other_selection_gets_what_it_selects(api: Api) -> None:
    query = REQUEST.replace("originalExecutionId", "id: executionId").replace("account\n", "__typename\n")

    _, answer = await knock(api, query)

    assert answer["data"]["executionHistory"] == [
        {
            "executionId": "execution-73bca62e-7bf4-4c22-bcd9-26b3ec224f37-2023.04.23",
            "id": "execution-73bca62e-7bf4-4c22-bcd9-26b3ec224f37-2023.04.23",
            "__typename": "ExecutionHistory",
            "executionTime": "2023-04-23T18:30:00Z",
            "status": "ERROR",
            "atomName": "Runtime 1",
            "atomId": "3456789a-bcde-f012-3456-789abcdef012",
            "executionDuration": ["Long", "5816"],
            "message": ANSWER["data"]["executionHistory"][0]["message"],
        }
    ]


async def test_it_lists_the_runs_of_a_process_in_one_state_since_a_time(api: Api) -> None:
    process = await a_process(api)
    fields = "nodes { nativeId startedAt rawStatus ... on BoomiExecution { message } }"
    wanted = {"workflowIds": [process], "status": ["SUCCEEDED"], "startedAt": {"from": "2026-11-10T00:00:00Z"}}
    runs = (await api.history(fields, input=wanted, first=500))["nodes"]
    assert len(runs) > 10

    _, answer = await knock(
        api, LISTED, {"input": {"processId": process, "executionTime": "2026-11-10T00:00:00Z", "status": "COMPLETE"}}
    )

    assert answer["data"]["executionHistory"] == [
        {
            "executionId": run["nativeId"],
            "executionTime": run["startedAt"],
            "status": run["rawStatus"],
            "message": run["message"],
        }
        for run in runs
    ]


async def test_states_that_are_one_to_us_are_told_apart(api: Api) -> None:
    """STARTED and INPROCESS are both RUNNING."""
    wanted = {"status": ["RUNNING"], "providers": ["BOOMI"]}
    running = (await api.history("nodes { nativeId rawStatus workflow { nativeId } }", input=wanted))["nodes"]
    found: dict[str, set[str]] = {"STARTED": set(), "INPROCESS": set()}

    for word, ids in found.items():
        for process in {one["workflow"]["nativeId"] for one in running}:
            asked = {"processId": process, "executionTime": "2026-11-01T00:00:00Z", "status": word}
            _, answer = await knock(api, LISTED, {"input": asked})
            ids.update(one["executionId"] for one in answer["data"]["executionHistory"])

    assert running
    assert found == {word: {one["nativeId"] for one in running if one["rawStatus"] == word} for word in found}


async def test_asked_again_it_answers_from_memory(api: Api, sandbox: Sandbox) -> None:
    _, first = await knock(api, REQUEST)
    sandbox.calls.clear()

    assert await knock(api, REQUEST) == (200, first)
    assert sandbox.calls == []


async def test_only_its_own_source_is_asked(api: Api, sandbox: Sandbox) -> None:
    await knock(api, REQUEST)

    assert {call.provider for call in sandbox.calls} == {"boomi"}


async def test_a_source_that_is_down_is_told_as_the_platform_does(api: Api, sandbox: Sandbox) -> None:
    await sandbox.stop("boomi")

    status, answer = await knock(api, REQUEST)

    assert status == 200
    assert answer["data"] == {"executionHistory": None}
    (error,) = answer["errors"]
    assert error["path"] == ["executionHistory"]
    assert error["extensions"] == {
        "code": "PLATFORM_CALL_ERROR", "source": "boomi-eu", "sourceErrorCode": "UNREACHABLE",
    }  # fmt: skip


async def test_a_list_that_is_not_whole_has_an_error_at_its_end() -> None:
    """One record of two cannot be read."""
    source = FakeSource("s", "token", [run("s", "good", 1), run("s", "bad", 2)], unreadable=frozenset({"bad"}))
    door = Door(
        sdl="""type Query { runs(input: Wanted!): [Run] } input Wanted { any: Boolean } type Run { id: ID }
          scalar DateTime""",
        field="runs",
        max_rows=10,
        read_input=lambda given: ExecutionQuery(),
        write=lambda one, given: {"id": one.native_id},
    )
    schema = DoorDocuments(door, "s", Limits()).schema

    found = await graphql(schema, "{ runs(input: {}) { id } }", context_value=Context(House(sources=[Source(source)])))

    assert found.data == {"runs": [{"id": "good"}, None]}
    errors = [(one.path, (one.extensions or {})["code"]) for one in found.errors or ()]
    assert errors == [(["runs", 1], "PLATFORM_CALL_ERROR")]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (REQUEST.replace("ERROR", "FAILED"), "ExecutionHistoryStatus"),
        (REQUEST.replace('"2016-01-31T15:32:00Z"', '"yesterday"'), "DateTime"),
        (REQUEST.replace("processId", "processID"), "processID"),
        ("{ executionHistory(first: 3) { complete } }", "first"),
        ("query {", "Syntax Error"),
    ],
)
async def test_a_mistake_is_told(api: Api, sandbox: Sandbox, query: str, told: str) -> None:
    status, answer = await knock(api, query)

    assert status == 200  # for callers that accept application/json
    assert told in " ".join(error["message"] for error in answer["errors"])
    assert "data" not in answer
    assert sandbox.calls == []


async def test_there_is_no_door_unless_a_source_is_named_for_it(sandbox: Sandbox, tmp_path: Path) -> None:
    async with api_over(sandbox, tmp_path) as api, api.session.post(f"{api.url}/spaces/graphql", json={}) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("elsewhere", "histograph.toml:2: [server] spaces_source names no source: there is no [sources.elsewhere]"),
        ("flows", "histograph.toml:2: [server] spaces_source: flows is a source of yandex, which has no such door"),
    ],
)
async def test_the_source_has_to_be_one_that_can(sandbox: Sandbox, tmp_path: Path, name: str, told: str) -> None:
    file = sandbox.write_settings(tmp_path)
    file.write_text(DOOR.replace("boomi-eu", name) + file.read_text(encoding="utf-8"), encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        read_settings(file, find_providers())

    assert [problem.partition(f"{tmp_path}/")[2] for problem in caught.value.problems] == [told]
