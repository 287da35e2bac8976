"""SailPoint Identity Security Cloud."""

from typing import Any

import pytest

from sandbox import Problem, Quirks, Run, State, StepPlan, Workflow, World
from sandbox.model import MINUTE
from tests.sandbox.sandbox_asking import NOW, asking, some_run

RUN = {
    "id": "b393f4e2-4785-4d7f-ab27-3a6b8ded4c81",
    "workflowId": "d201c5d9-d37b-4a2f-af14-66414f39d568",
    "requestId": "41e12a74fa7b4a6a98ae47887b64acdb",
    "startTime": "2022-02-07T20:13:29.356648026Z",
    "closeTime": "2022-02-07T20:13:31.682410165Z",
    "status": "Completed",
}
WORDS = {"displayName": "Get Identity", "stepName": "getIdentity", "technicalName": "sp:get-identity"}
HISTORY = [
    {"type": "WorkflowExecutionStarted", "timestamp": "2022-02-07T20:13:29.356648026Z", "attributes": {}},
    {"type": "WorkflowTaskScheduled", "timestamp": "2022-02-07T20:13:29.356700000Z", "attributes": {}},
    {"type": "ActivityTaskScheduled", "timestamp": "2022-02-07T20:13:29.500000001Z", "attributes": WORDS},
    {"type": "ActivityTaskStarted", "timestamp": "2022-02-07T20:13:29.510000000Z", "attributes": WORDS},
    {"type": "ActivityTaskCompleted", "timestamp": "2022-02-07T20:13:31.640618296Z", "attributes": WORDS},
    {"type": "WorkflowExecutionCompleted", "timestamp": "2022-02-07T20:13:31.682410165Z", "attributes": {}},
]
SEMANTIC = {
    "locale": "en-US",
    "localeOrigin": "DEFAULT",
    "text": "The request was syntactically correct but its content is semantically invalid.",
}
BAD_REQUEST = {
    "detailCode": "400.1 Bad Request Content",
    "trackingId": "e7eab60924f64aa284175b9fa3309599",
    "messages": [SEMANTIC],
    "causes": [SEMANTIC],
}
NOT_FOUND = {
    "detailCode": "404 Not found",
    "trackingId": "b21b1f7ce4da4d639f2c62a57171b427",
    "messages": [
        {
            "locale": "en-US",
            "localeOrigin": "DEFAULT",
            "text": "The server did not find a current representation for the target resource.",
        }
    ],
}
FORBIDDEN = {
    "detailCode": "403 Forbidden",
    "trackingId": "b21b1f7ce4da4d639f2c62a57171b427",
    "messages": [
        {
            "locale": "en-US",
            "localeOrigin": "DEFAULT",
            "text": "The server understood the request but refuses to authorize it.",
        }
    ],
}


@pytest.mark.parametrize("version", ["v3", "beta", "v2024", "v2025", "v2026"])
async def test_the_documented_execution_is_found_value_for_value(version: str) -> None:
    async with asking("sailpoint", generated=True) as ask:
        listed = await ask.sailpoint(f"/workflows/{RUN['workflowId']}/executions", f"/{version}")
        one = await ask.sailpoint(f"/workflow-executions/{RUN['id']}", f"/{version}")
        history = await ask.sailpoint(f"/workflow-executions/{RUN['id']}/history", f"/{version}")

    assert listed.json == [RUN]
    assert listed.headers["X-Deprecated"] == "true"
    assert one.json == RUN
    assert history.json == HISTORY


async def test_the_paths_of_the_single_services_work_too() -> None:
    async with asking("sailpoint", some_run()) as ask:
        listed = (await ask.sailpoint("/workflows/v1/w/executions", "")).json
        one = (await ask.sailpoint("/workflow-executions/v1/r1", "")).json
        flows = (await ask.sailpoint("/workflows/v1", "")).json

    assert (listed, [flow["id"] for flow in flows]) == ([one], ["w", "empty"])


async def test_a_list_is_in_no_order() -> None:
    async with asking("sailpoint", *(some_run(f"r{n:02}", ago=n) for n in range(20))) as ask:
        times = [run["startTime"] for run in (await ask.sailpoint("/workflows/w/executions")).json]

    assert times not in (sorted(times), sorted(times, reverse=True))


async def test_pages_by_limit_and_offset_are_the_whole_list() -> None:
    async with asking("sailpoint", *(some_run(f"r{n}", ago=n) for n in range(260))) as ask:
        whole = (await ask.sailpoint("/workflows/w/executions")).json
        rest = (await ask.sailpoint("/workflows/w/executions", limit=250, offset=250)).json
        none = (await ask.sailpoint("/workflows/w/executions", limit=0)).json

    assert (len(whole), len(rest), none) == (250, 10, [])
    assert len({run["id"] for run in whole + rest}) == 260


async def test_a_tenant_may_ignore_the_limit() -> None:
    runs = (some_run(f"r{n}", ago=n) for n in range(260))
    async with asking("sailpoint", *runs, quirks=Quirks(sailpoint_ignores_limit=True)) as ask:
        assert len((await ask.sailpoint("/workflows/w/executions", limit=10)).json) == 250


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ('status eq "Failed"', "b"),
        ('start_time ge "2026-03-01T11:40:00Z"', "ab"),
        ("start_time gt 2026-03-01T11:40:00Z", "a"),
        ("start_time le 2026-03-01T11:40:00.000000000Z", "bc"),
        ("start_time lt 2026-03-01T12:40:00+01:00", "c"),
        ('start_time eq "2026-03-01T11:40:00Z"', "b"),
        ('start_time ge "2026-03-01T11:30:00Z" and start_time lt "2026-03-01T11:45:00Z" and status eq "Failed"', "b"),
        ('status eq "Failed" or start_time lt 2026-03-01T11:35:00Z', "bc"),
        ('not status eq "Failed" and start_time ge 2026-03-01T11:35:00Z', "a"),
        ('not (status eq "Failed" or status eq "Completed")', "c"),
        ('status eq "NoSuch"', ""),
    ],
)
async def test_filters_find_what_they_say(filters: str, found: str) -> None:
    runs = [
        some_run("a", ago=10),
        some_run("b", ago=20, outcome=State.FAILED),
        some_run("c", ago=30, outcome=State.CANCELED),
    ]
    async with asking("sailpoint", *runs) as ask:
        rows = (await ask.sailpoint("/workflows/w/executions", filters=filters)).json

    assert "".join(sorted(run["id"] for run in rows)) == found


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 251},
        {"limit": -1},
        {"offset": "x"},
        {"filters": 'startTime ge "2026-03-01T11:40:00Z"'},
        {"filters": 'closeTime ge "2026-03-01T11:40:00Z"'},
        {"filters": 'status ne "Failed"'},
        {"filters": 'status in ("Failed","Completed")'},
        {"filters": 'status EQ "Failed"'},
        {"filters": "status eq Failed"},
        {"filters": "start_time ge yesterday"},
        {"filters": 'status eq "Failed" and'},
        {"filters": '(status eq "Failed"'},
        {"filters": 'status eq "Failed'},
        {"filters": 'status eq "Failed" status eq "Failed"'},
    ],
)
async def test_wrong_parameters_get_the_documented_400(params: dict[str, Any]) -> None:
    async with asking("sailpoint") as ask:
        reply = await ask.sailpoint("/workflows/w/executions", **params)

    assert (reply.status, reply.json) == (400, BAD_REQUEST)


async def test_what_is_not_there_gets_the_documented_404() -> None:
    async with asking("sailpoint") as ask:
        paths = ["/workflows/none", "/workflows/none/executions", "/workflow-executions/none", "/nothing"]
        replies = [await ask.sailpoint(path) for path in paths]

    assert [(reply.status, reply.json) for reply in replies] == [(404, NOT_FOUND)] * 4


async def test_who_may_list_may_not_always_get_one() -> None:
    async with asking("sailpoint", some_run(), quirks=Quirks(sailpoint_list_only=True)) as ask:
        listed = await ask.sailpoint("/workflows/w/executions")
        one = await ask.sailpoint("/workflow-executions/r1")

    assert (listed.status, one.status, one.json) == (200, 403, FORBIDDEN)


async def test_a_token_lives_for_749_seconds() -> None:
    async with asking("sailpoint") as ask:
        given = (await ask.sailpoint_token()).json
        assert (given["token_type"], given["expires_in"]) == ("bearer", 749)
        assert given["access_token"].startswith("eyJ")
        ask.tokens["sailpoint"] = given["access_token"]
        ask.clocks.pass_seconds(748)
        assert (await ask.sailpoint("/workflows")).status == 200
        ask.clocks.pass_seconds(1)
        expired = await ask.sailpoint("/workflows")

    assert (expired.status, expired.json) == (401, {"error": "JWT validation failed: JWT is expired"})


async def test_the_token_call_is_form_encoded_and_checks_the_pair() -> None:
    async with asking("sailpoint") as ask:
        wrong = await ask.sailpoint_token(client_secret="wrong")
        grant = await ask.sailpoint_token(grant_type="password")
        as_json = await ask("POST", "sailpoint", "/oauth/token", json={"grant_type": "client_credentials"})
        none = await ask("GET", "sailpoint", "/v2025/workflows")

    assert [reply.status for reply in (wrong, grant, as_json, none)] == [401, 400, 400, 401]
    assert all("error" in reply.json for reply in (wrong, grant, as_json, none))


async def test_a_hundred_requests_in_ten_seconds_whatever_the_token() -> None:
    async with asking("sailpoint", limits=True) as ask:
        statuses = [(await ask.sailpoint("/workflows/w")).status for _ in range(100)]
        ask.tokens.clear()
        over = await ask.sailpoint("/workflows/w")
        other_version = await ask.sailpoint("/workflows/w", "/v2024")
        ask.clocks.pass_seconds(10)
        later = await ask.sailpoint("/workflows/w")

    assert statuses == [200] * 100
    assert (over.status, over.json, over.headers["Retry-After"]) == (429, {"message": " Rate Limit Exceeded "}, "1")
    assert (other_version.status, later.status) == (200, 200)


async def test_a_running_execution_says_either_word_and_has_no_close_time() -> None:
    async with asking("sailpoint", *(some_run(f"r{n}", lasts=None) for n in range(40))) as ask:
        rows = (await ask.sailpoint("/workflows/w/executions")).json

    assert {run["status"] for run in rows} == {"Executing", "Running"}
    assert {run.get("closeTime", "absent") for run in rows} == {None, "absent"}


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (some_run(lasts=None, queued_until=NOW + MINUTE), "Queued"),
        (some_run(), "Completed"),
        (some_run(outcome=State.FAILED), "Failed"),
        (some_run(outcome=State.CANCELED), "Canceled"),
        (some_run(outcome=State.ODD), "TimedOut"),
    ],
)
async def test_every_state_has_its_word(run: Run, status: str) -> None:
    async with asking("sailpoint", run) as ask:
        assert (await ask.sailpoint("/workflow-executions/r1")).json["status"] == status


async def test_events_tell_each_attempt_and_the_failure() -> None:
    broken = some_run(outcome=State.FAILED, failed_step="fetch", attempts=2, error=Problem("no answer"))
    async with asking("sailpoint", broken) as ask:
        events = (await ask.sailpoint("/workflow-executions/r1/history")).json
        page = (await ask.sailpoint("/workflow-executions/r1/history", limit=2, offset=1)).json
        too_many = await ask.sailpoint("/workflow-executions/r1/history", limit=251)

    kinds = [event["type"] for event in events if event["type"].startswith("Activity")]
    assert kinds == ["ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskFailed"] * 2
    assert events[-1]["type"] == "WorkflowExecutionFailed"
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    failed = [event["attributes"] for event in events if event["type"] == "ActivityTaskFailed"]
    words = {"displayName": "Fetch", "stepName": "fetch", "technicalName": "sp:fetch"}
    assert failed == [{**words, "error": "no answer"}] * 2
    assert (page, too_many.status) == (events[1:3], 400)


async def test_a_child_workflow_has_events_of_its_own() -> None:
    flow = Workflow(id="w", name="Parent", steps=(StepPlan("child", "Run Child", "workflow"),))
    async with asking("sailpoint", worlds={"sailpoint": World([flow], [some_run()])}) as ask:
        events = (await ask.sailpoint("/workflow-executions/r1/history")).json

    assert [event["type"] for event in events if "Child" in event["type"]] == [
        "StartChildWorkflowExecutionInitiated",
        "ChildWorkflowExecutionStarted",
        "ChildWorkflowExecutionCompleted",
    ]


async def test_the_newer_history_comes_with_definition_and_trigger_from_v2025_on() -> None:
    async with asking("sailpoint", some_run()) as ask:
        events = (await ask.sailpoint("/workflow-executions/r1/history")).json
        newer = (await ask.sailpoint("/workflow-executions/r1/history-v2")).json
        older = await ask.sailpoint("/workflow-executions/r1/history-v2", "/v3")

    assert newer == {
        "definition": {"start": "fetch", "steps": {"fetch": {}, "notify": {}}},
        "history": events,
        "trigger": {"type": "EVENT", "attributes": {}},
    }
    assert older.status == 404


async def test_workflows_are_a_bare_array_with_counts() -> None:
    async with asking("sailpoint", some_run("a"), some_run("b", outcome=State.FAILED)) as ask:
        every = (await ask.sailpoint("/workflows")).json
        second = (await ask.sailpoint("/workflows", limit=1, offset=1)).json
        one = (await ask.sailpoint("/workflows/w")).json

    assert [flow["id"] for flow in every] == ["w", "empty"]
    assert (second, one) == (every[1:], every[0])
    assert (one["name"], one["executionCount"], one["failureCount"]) == ("Orders", 2, 1)


async def test_only_v3_counts_the_whole_list_when_asked() -> None:
    async with asking("sailpoint", some_run()) as ask:
        old = await ask.sailpoint("/workflows/w/executions", "/v3", count="true")
        new = await ask.sailpoint("/workflows/w/executions", count="true")

    assert old.headers["X-Total-Count"] == "1"
    assert "X-Total-Count" not in new.headers


async def test_a_running_execution_can_be_cancelled() -> None:
    async with asking("sailpoint", some_run(lasts=None)) as ask:
        await ask.sailpoint("/workflows")
        headers = {"Authorization": f"Bearer {ask.tokens['sailpoint']}"}
        path = "/v2025/workflow-executions/r1/cancel"
        statuses = [(await ask("POST", "sailpoint", path, headers=headers)).status for _ in range(2)]
        run = (await ask.sailpoint("/workflow-executions/r1")).json

    assert (statuses, run["status"]) == ([204, 400], "Canceled")
