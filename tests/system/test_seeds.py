"""Each document that a provider was first described in has a sample: it is asked for by GraphQL over HTTP, whole."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from schema.identity import pack
from tests.system.serving_api import Api, api_over

COMMON = """
  __typename id provider source nativeId workflow { id provider source nativeId name } status rawStatus
  startedAt endedAt durationMs error { code message } input output raw
"""
STEP = """
  __typename nativeId name description type status rawStatus startedAt endedAt durationMs attempts input output
  error { code message } lastError { code message }
"""


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with Sandbox(limits=False, runs_per_provider=60) as sandbox, api_over(sandbox, tmp_path) as api:
        yield api


async def sample(api: Api, source: str, workflow: str, execution: str, selection: str) -> dict[str, Any]:
    """The run by its id, which must be the same as in its workflow's list."""
    selection = f"nodes {{ {COMMON} {selection} }} complete sources {{ source status }}"
    history = await api.history(selection, input={"ids": [pack(source, workflow, execution)]})
    (run,) = history["nodes"]
    assert history["complete"]
    assert {one["source"]: one["status"] for one in history["sources"]}[source] == "OK"

    listed = await api.history("nodes { id nativeId startedAt }", input={"workflowIds": [workflow]}, first=500)
    assert {"id": run["id"], "nativeId": execution, "startedAt": run["startedAt"]} in listed["nodes"]
    found: dict[str, Any] = run
    return found


async def test_boomi(api: Api) -> None:
    run = await sample(
        api,
        "boomi-eu",
        "dbb98f81-6914-43a2-b03f-594506940dd5",
        "execution-73bca62e-7bf4-4c22-bcd9-26b3ec224f37-2023.04.23",
        """... on BoomiExecution { executionType processId processName account atomId atomName inboundDocumentCount
        inboundErrorDocumentCount outboundDocumentCount inboundDocumentSize outboundDocumentSize message
        originalExecutionId recordedAt }""",
    )

    message = "No data produced from map 'mapTest', please check source profile and make sure it matches source data."
    assert (run["__typename"], run["provider"]) == ("BoomiExecution", "BOOMI")
    assert (run["status"], run["rawStatus"]) == ("FAILED", "ERROR")
    assert (run["startedAt"], run["endedAt"]) == ("2023-04-23T18:30:00Z", "2023-04-23T18:30:06Z")
    assert (run["durationMs"], run["inboundDocumentSize"], run["outboundDocumentSize"]) == (5816, 0, 0)
    assert (run["inboundDocumentCount"], run["inboundErrorDocumentCount"], run["outboundDocumentCount"]) == (1, 1, 0)
    assert run["executionType"] == "exec_sched"
    assert run["processName"] == run["workflow"]["name"] == "PaginationIpack14 - Thu Apr 20 2023 -Process"
    assert run["message"] == run["error"]["message"] == message
    assert run["originalExecutionId"] is None


async def test_yandex(api: Api) -> None:
    run = await sample(
        api,
        "flows",
        "dfqud9cbc4k5xxxxxxxx",
        "dfqud9cbc4k5xxxxxxxx-429e9f6f-b506-4c5a-84b2-9abb00000001",
        f"steps {{ complete totalCount nodes {{ {STEP} ... on YandexStep {{ title }} }} }}",
    )

    assert (run["status"], run["rawStatus"]) == ("SUCCEEDED", "FINISHED")
    assert run["startedAt"] == "2025-03-10T15:54:44.304781814Z"
    assert run["endedAt"] == "2025-03-10T15:54:45.375479158Z"
    assert run["durationMs"] == 1070.697344
    assert (run["input"], run["output"]) == ({"input": {}}, {"ok": True})
    posts, users = run["steps"]["nodes"]
    assert (posts["nativeId"], posts["name"], posts["title"]) == ("fetch_posts", "fetch_posts", None)
    assert (posts["type"], posts["status"], posts["rawStatus"]) == ("HttpCall", "SUCCEEDED", "COMPLETED")
    assert (posts["startedAt"], posts["durationMs"]) == ("2025-03-10T15:54:44.452347159Z", 795.435385)
    assert (posts["attempts"], posts["input"], posts["output"]) == (1, {"input": {}}, {"posts": []})
    assert (users["nativeId"], users["durationMs"], users["output"]) == ("fetch_users", 751.17531, {"users": []})


async def test_yandex_entry_with_every_field_of_the_document(api: Api) -> None:
    history = await api.history(
        f"nodes {{ {COMMON} steps {{ nodes {{ {STEP} ... on YandexStep {{ title }} }} }} }}",
        input={
            "workflowIds": ["dfqud9cbc4k5xxxxxxxx"],
            "status": ["FAILED"],
            "anyStep": {"nameContains": "notify the"},
        },
    )

    (run,) = history["nodes"]
    posts, notify, *_ = run["steps"]["nodes"]
    assert (run["error"]["code"], run["input"], run["output"]) == ("HTTP_CALL_503", {"desk": "night"}, None)
    assert (posts["title"], posts["description"]) == ("Fetch the posts", "All posts since the last run")
    assert (posts["status"], posts["attempts"], posts["error"]) == ("SUCCEEDED", 2, None)
    assert posts["lastError"] == {"code": "HTTP_CALL_502", "message": "upstream answered 502"}
    failure = {"code": "HTTP_CALL_503", "message": "upstream answered 503"}
    assert (notify["nativeId"], notify["name"], notify["type"]) == ("notify", "Notify the desk", "HttpCall")
    assert (notify["startedAt"], notify["durationMs"]) == ("2025-03-10T15:54:45.000000001Z", 3500)
    assert notify["endedAt"] == "2025-03-10T15:54:48.500000001Z"
    assert (notify["status"], notify["rawStatus"], notify["attempts"]) == ("FAILED", "FAILED", 3)
    assert notify["error"] == notify["lastError"] == failure


async def test_arcee(api: Api) -> None:
    run = await sample(
        api,
        "llm",
        "7c1e0f6e-0000-4000-8000-000000000001",
        "a40d4d53-7e5e-432b-8f23-8afdc53eefa3",
        "... on ArceeExecution { allOutputs elapsedSeconds }",
    )

    prompt = "Tell me a joke about the weather"
    joke = (
        "Here's a weather-related joke for you:\n\nWhy did the cloud cross the sky?\n\nBecause it wanted to go to the"
        " other side of the rainbow!\n\nI hope you found this joke sunny and amusing! If you'd like another weather"
        " joke or a different kind of joke, please let me know."
    )
    assert (run["status"], run["rawStatus"], run["error"]) == ("SUCCEEDED", "completed", None)
    assert (run["startedAt"], run["endedAt"]) == ("2025-03-12T03:39:30.476391Z", "2025-03-12T03:39:36.133074Z")
    assert (run["durationMs"], run["elapsedSeconds"]) == (5656.683, 5)
    assert run["output"] == joke
    assert run["allOutputs"] == {"prompt": prompt, "model": joke}
    assert run["input"] == {"prompt": prompt}


async def test_informer(api: Api) -> None:
    run = await sample(
        api,
        "reports",
        "550e8400-e29b-41d4-a716-446655440000",
        "history-abc-123",
        f"""... on InformerExecution {{ ownerId success warnings data createdAt }}
        steps {{ complete nodes {{ {STEP} ... on InformerStep {{
          taskKey taskOpts resultKey message success }} }} }}""",
    )

    assert (run["status"], run["rawStatus"]) == ("SUCCEEDED", "success=true,warnings=false")
    assert (run["ownerId"], run["success"], run["warnings"], run["data"]) == ("team:analytics", True, False, {})
    assert run["startedAt"] == run["createdAt"] == "2024-02-09T08:00:00Z"
    assert (run["endedAt"], run["durationMs"]) == ("2024-02-09T08:00:15Z", 15000)
    invoking, email = run["steps"]["nodes"]
    assert (invoking["taskKey"], invoking["name"]) == ("job:progress.invoking_job", "job:progress.invoking_job")
    assert (invoking["resultKey"], invoking["message"], invoking["success"]) == ("job:status.success", None, True)
    assert (invoking["status"], invoking["rawStatus"]) == ("SUCCEEDED", "success")
    assert (email["taskKey"], email["name"]) == ("job:actions.send_email", "Send Summary Email")
    assert email["taskOpts"] == {"name": "Send Summary Email"}
    assert (email["message"], email["resultKey"]) == ("Email sent to 3 recipients", None)
    assert (email["success"], email["status"]) == (True, "SUCCEEDED")


async def test_sailpoint(api: Api) -> None:
    run = await sample(
        api,
        "identity",
        "d201c5d9-d37b-4a2f-af14-66414f39d568",
        "b393f4e2-4785-4d7f-ab27-3a6b8ded4c81",
        "... on SailPointExecution { requestId }",
    )

    assert run["requestId"] == "41e12a74fa7b4a6a98ae47887b64acdb"
    assert (run["status"], run["rawStatus"]) == ("SUCCEEDED", "Completed")
    assert run["startedAt"] == "2022-02-07T20:13:29.356648026Z"
    assert run["endedAt"] == "2022-02-07T20:13:31.682410165Z"
    assert run["durationMs"] == 2325.762139
