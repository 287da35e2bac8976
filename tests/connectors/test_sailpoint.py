"""SailPoint: two words for running, one spelling for a filter, limits that are ignored, events to be folded."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from connectors.contract import ExecutionQuery, Range, StepList
from connectors.errors import (
    ConnectorError,
    ForbiddenError,
    MissingError,
    RefusedError,
    ThrottledError,
    UnreachableError,
    UnreadableError,
    UnsupportedError,
)
from connectors.http.auth import Secret
from connectors.http.client import Request
from connectors.http.status import StatusChecked
from connectors.providers.sailpoint import (
    ClientCredentials,
    SailPoint,
    SailPointExecution,
    SailPointSettings,
    connect,
    read_execution,
    read_problem,
)
from connectors.providers.sailpoint.events import SailPointStep, fold
from schema.identity import NativeId
from schema.model import ExecutionError, ExecutionOrder, ExecutionStatus, Workflow
from tests.connectors.replay import Opened, Replay, answer, ns, sample, steps_of
from tests.connectors.rows import runs_of, unreadable_of

S = ExecutionStatus
FLOW = "d201c5d9-d37b-4a2f-af14-66414f39d568"
SEED = NativeId(FLOW, "b393f4e2-4785-4d7f-ab27-3a6b8ded4c81")
SETTINGS = SailPointSettings(
    provider="sailpoint",
    base_url="https://acme.api.identitynow.com",
    client_id=Secret("client-1"),
    client_secret=Secret("s&cret"),
)


def sailpoint(*answers: Any, version: str = "v2025") -> tuple[SailPoint, Replay]:
    http = Replay(*answers)
    return SailPoint("identity", StatusChecked(http, read_problem), version), http


def read(**fields: Any) -> SailPointExecution:
    """An execution with these fields beside its ids."""
    return read_execution(Raw(json.dumps({"id": "run-1", "workflowId": FLOW} | fields).encode()), "identity")


def run(status: ExecutionStatus = S.SUCCEEDED) -> SailPointExecution:
    return SailPointExecution(source="identity", key=NativeId(FLOW, "run-1"), status=status, raw_status=status.value)


# executions


async def test_the_execution_of_the_seed_keeps_all_nine_digits() -> None:
    connector, _ = sailpoint("sailpoint/executions_seed.200.json")

    page = await connector.list_executions(FLOW, ExecutionQuery(), None)

    (found,) = runs_of(page)
    assert isinstance(found, SailPointExecution)
    assert (found.source, found.provider, found.key) == ("identity", "SAILPOINT", SEED)
    assert (found.status, found.raw_status) == (S.SUCCEEDED, "Completed")
    assert found.started_at is not None and found.started_at.text == "2022-02-07T20:13:29.356648026Z"
    assert found.ended_at is not None and found.ended_at.text == "2022-02-07T20:13:31.682410165Z"
    assert (found.elapsed_ns, found.duration_ms) == (2_325_762_139, 2325.762139)
    assert found.request_id == "41e12a74fa7b4a6a98ae47887b64acdb"
    assert (page.next_cursor, page.total) == (None, None)


async def test_a_running_execution_has_no_end() -> None:
    connector, _ = sailpoint("sailpoint/executions_executing.200.json")

    (found,) = runs_of(await connector.list_executions(FLOW, ExecutionQuery(), None))

    assert (found.status, found.raw_status, found.ended_at) == (S.RUNNING, "Executing", None)
    assert found.started_at is not None and found.started_at.text == "2022-02-07T20:14:00.000000001Z"
    assert found.duration_ms is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Queued", S.QUEUED),
        ("Executing", S.RUNNING),
        ("Running", S.RUNNING),
        ("EXECUTING", S.RUNNING),
        ("running", S.RUNNING),
        ("Completed", S.SUCCEEDED),
        ("COMPLETED", S.SUCCEEDED),
        ("Failed", S.FAILED),
        ("Canceled", S.CANCELED),
        ("Daydreaming", S.UNKNOWN),
        ("", S.UNKNOWN),
    ],
)
def test_each_status_word_has_its_place_whatever_its_case(word: str, status: ExecutionStatus) -> None:
    found = read(status=word)
    assert (found.status, found.raw_status) == (status, word)


@pytest.mark.parametrize("fields", [{}, {"status": None, "startTime": None, "closeTime": None, "requestId": None}])
def test_an_execution_needs_nothing_but_its_ids(fields: dict[str, None]) -> None:
    found = read(**fields)
    assert (found.status, found.raw_status, found.started_at, found.ended_at) == (S.UNKNOWN, "", None, None)


@pytest.mark.parametrize("name", ["sailpoint/execution.200.json", "sailpoint/execution_in_a_list.200.json"])
async def test_an_execution_that_is_got_may_come_in_a_list_of_one(name: str) -> None:
    connector, http = sailpoint(name)

    found = (await connector.get_executions([SEED]))[SEED]

    assert http.request == Request(path=f"/v2025/workflow-executions/{SEED.execution}")
    assert isinstance(found, SailPointExecution)
    assert found.key == SEED


@pytest.mark.parametrize("given_back", [b"[]", b" \n[ ]"])
async def test_an_empty_list_for_an_execution_means_that_there_is_none(given_back: bytes) -> None:
    connector, _ = sailpoint(answer(given_back))

    assert await connector.get_executions([SEED]) == {}


async def test_an_archived_execution_is_not_there() -> None:
    connector, _ = sailpoint("sailpoint/missing.404.json")

    assert await connector.get_executions([SEED]) == {}


async def test_a_token_that_lists_may_lack_the_right_to_get() -> None:
    connector, _ = sailpoint("sailpoint/forbidden.403.json")

    error = (await connector.get_executions([SEED]))[SEED]

    assert isinstance(error, ForbiddenError)
    assert error.message == "HTTP 403: The server understood the request but refuses to authorize it."
    assert error.reference == "b21b1f7ce4da4d639f2c62a57171b427"


# lists


async def test_a_list_is_asked_for_whole_pages_and_never_for_a_count() -> None:
    connector, http = sailpoint("sailpoint/executions_none.200.json")

    page = await connector.list_executions(FLOW, ExecutionQuery(limit=7, order=ExecutionOrder.STARTED_AT_ASC), "50")

    assert http.request == Request(
        path=f"/v2025/workflows/{FLOW}/executions", params=(("limit", "250"), ("offset", "50"))
    )
    assert (runs_of(page), page.next_cursor) == ([], None)


async def test_the_version_of_the_api_is_a_setting() -> None:
    connector, http = sailpoint("sailpoint/executions_none.200.json", version="v3")

    await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert http.request.path == f"/v3/workflows/{FLOW}/executions"


DAY = Range(ns("2022-02-07T00:00:00Z"), ns("2022-02-08T00:00:00.000000001Z"))


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        (ExecutionQuery(), None),
        (ExecutionQuery(statuses=frozenset({S.SUCCEEDED})), 'status eq "Completed"'),
        (ExecutionQuery(statuses=frozenset({S.FAILED})), 'status eq "Failed"'),
        (ExecutionQuery(statuses=frozenset({S.CANCELED})), 'status eq "Canceled"'),
        (ExecutionQuery(statuses=frozenset({S.RUNNING})), None),
        (ExecutionQuery(statuses=frozenset({S.QUEUED})), None),
        (ExecutionQuery(statuses=frozenset({S.UNKNOWN})), None),
        (ExecutionQuery(statuses=frozenset({S.PAUSED})), None),
        (ExecutionQuery(statuses=frozenset({S.FAILED, S.CANCELED})), None),
        (ExecutionQuery(statuses=frozenset({S.FAILED, S.RUNNING})), None),
        (ExecutionQuery(statuses=frozenset()), None),
        (ExecutionQuery(started=Range(start=DAY.start)), 'start_time ge "2022-02-07T00:00:00Z"'),
        (ExecutionQuery(started=Range(end=DAY.end)), 'start_time lt "2022-02-08T00:00:00.000000001Z"'),
        (
            ExecutionQuery(started=DAY, statuses=frozenset({S.FAILED})),
            'start_time ge "2022-02-07T00:00:00Z" and start_time lt "2022-02-08T00:00:00.000000001Z"'
            ' and status eq "Failed"',
        ),
        (ExecutionQuery(ended=DAY, duration=Range(1, 2)), None),
        (ExecutionQuery(workflow_name_contains='" or 1', error_contains="timeout"), None),
    ],
)
async def test_bounds_of_the_start_and_one_final_state_are_pushed_down(
    query: ExecutionQuery, filters: str | None
) -> None:
    connector, http = sailpoint("sailpoint/executions_none.200.json")

    await connector.list_executions(FLOW, query, None)

    assert dict(http.request.params).get("filters") == filters
    assert {name for name, _ in http.request.params} <= {"limit", "offset", "filters"}


def rows(count: int) -> list[dict[str, str]]:
    return [{"id": f"run-{index}", "workflowId": FLOW, "status": "Completed"} for index in range(count)]


@pytest.mark.parametrize(
    ("count", "following"), [(0, None), (1, None), (249, None), (250, "260"), (300, "310")], ids=str
)
async def test_the_next_page_starts_behind_what_came_whatever_the_limit_was(count: int, following: str | None) -> None:
    """The server ignores `limit` now and then, and gives more."""
    connector, _ = sailpoint(answer(rows(count)))

    page = await connector.list_executions(FLOW, ExecutionQuery(limit=50), "10")

    assert (len(runs_of(page)), page.next_cursor) == (count, following)


async def test_an_execution_that_cannot_be_read_counts_for_the_offset() -> None:
    connector, _ = sailpoint(answer([*rows(249), {"id": "odd", "workflowId": 7}]))

    page = await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert (len(runs_of(page)), page.next_cursor) == (249, "250")
    assert [bad.native_id for bad in unreadable_of(page)] == ["odd"]


# workflows


async def test_workflows_are_listed_with_their_names() -> None:
    connector, http = sailpoint("sailpoint/workflows.200.json")

    assert await connector.workflows() == [
        Workflow(source="identity", provider="SAILPOINT", native_id=FLOW, name="Joiner", run_count=2)
    ]
    assert http.request == Request(path="/v2025/workflows", params=(("limit", "250"), ("offset", "0")))


async def test_workflows_are_read_to_the_last_page() -> None:
    flows = [{"id": f"flow-{index}", "name": str(index)} for index in range(251)]
    connector, http = sailpoint(answer(flows[:250]), answer(flows[250:]))

    assert len(await connector.workflows()) == 251
    assert [dict(request.params)["offset"] for request in http.requests] == ["0", "250"]


async def test_workflows_whose_pages_repeat_are_read_once() -> None:
    """Some versions of the endpoint know neither limit nor offset."""
    flows = [{"id": f"flow-{index}"} for index in range(250)]
    connector, http = sailpoint(lambda _: answer(flows))

    assert len(await connector.workflows()) == 250
    assert len(http.requests) == 2


# steps

NAMES = {"displayName": "Get Identity", "stepName": "getIdentity", "technicalName": "sp:get-identity"}


def event(kind: str, second: float, **attributes: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": f"2022-02-07T20:13:{second:012.9f}Z", "attributes": attributes}


def folded(events: Sequence[dict[str, Any]], status: ExecutionStatus = S.SUCCEEDED) -> StepList:
    return fold([Raw(json.dumps(one).encode()) for one in events], run(status))


def told(steps: StepList) -> list[tuple[str, int, ExecutionStatus, str | None, str | None]]:
    """Name, ordinal, state, start and end (their seconds) of each step."""

    def seconds(step: SailPointStep, moment: str) -> str | None:
        at = getattr(step, moment)
        return None if at is None else at.text[17:].rstrip("Z").rstrip("0").rstrip(".")

    return [
        (step.name, step.ordinal, step.status, seconds(step, "started_at"), seconds(step, "ended_at"))
        for step in steps.steps
        if isinstance(step, SailPointStep)
    ]


async def test_the_events_of_an_activity_are_one_step() -> None:
    """The engine's own ticks, and the run's events, are none."""
    connector, http = sailpoint("sailpoint/history.200.json")
    owner = run()

    (step,) = steps_of(await connector.list_steps([owner]), owner)

    assert http.request == Request(
        path="/v2025/workflow-executions/run-1/history", params=(("limit", "250"), ("offset", "0"))
    )
    assert isinstance(step, SailPointStep)
    assert (step.source, step.run, step.place, step.native_id) == ("identity", owner.key, "0", "getIdentity")
    assert (step.name, step.type) == ("Get Identity", "sp:get-identity")
    assert (step.display_name, step.step_name, step.technical_name) == (
        "Get Identity", "getIdentity", "sp:get-identity"
    )  # fmt: skip
    assert (step.status, step.raw_status, step.ordinal) == (S.SUCCEEDED, "ActivityTaskCompleted", 1)
    assert step.started_at is not None and step.started_at.text == "2022-02-07T20:13:29.510000000Z"
    assert step.ended_at is not None and step.ended_at.text == "2022-02-07T20:13:31.640618296Z"
    assert step.duration_ms == 2130.618296
    assert step.raw is not None
    assert [one["type"] for one in json.loads(bytes(step.raw))] == [
        "ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskCompleted"
    ]  # fmt: skip


async def test_a_failed_activity_tells_its_error_and_the_failed_runs() -> None:
    connector, _ = sailpoint("sailpoint/history_failed_step.200.json")
    owner = run(S.FAILED)

    found = (await connector.list_steps([owner]))[owner.key]

    assert isinstance(found, StepList)
    (step,) = found.steps
    error = ExecutionError("recipient missing")
    assert (step.status, step.raw_status, step.error) == (S.FAILED, "ActivityTaskFailed", error)
    assert found.run_error == error


def test_the_runs_own_error_comes_before_that_of_a_step() -> None:
    events = [
        event("ActivityTaskFailed", 1, error="a step's", **NAMES),
        event("WorkflowExecutionFailed", 2, error="the run's"),
    ]
    assert folded(events, S.FAILED).run_error == ExecutionError("the run's")


def test_a_run_that_went_well_has_no_error_although_a_step_failed() -> None:
    found = folded([event("ActivityTaskFailed", 1, error="tried again", **NAMES)])
    assert found.run_error is None
    assert found.steps[0].error == ExecutionError("tried again")


@pytest.mark.parametrize(
    ("error", "read_as"),
    [
        ("in words", ExecutionError("in words")),
        ("", None),
        (None, None),
        ({"code": 7}, ExecutionError('{"code": 7}')),
        (["a"], ExecutionError('["a"]')),
    ],
)
def test_an_error_is_text_as_a_rule_and_told_whatever_it_is(error: object, read_as: ExecutionError | None) -> None:
    (step,) = folded([event("ActivityTaskFailed", 1, error=error, **NAMES)]).steps
    assert step.error == read_as


def test_events_are_folded_in_their_order_of_time() -> None:
    events = [
        event("ActivityTaskCompleted", 3, **NAMES),
        event("ActivityTaskScheduled", 1, **NAMES),
        event("ActivityTaskStarted", 2, **NAMES),
    ]
    assert told(folded(events)) == [("Get Identity", 1, S.SUCCEEDED, "02", "03")]


def test_an_event_without_a_name_is_none_of_the_activity_whose_name_is_its_number() -> None:
    """Neither the one that closes it, nor a turn of it."""
    named = [event(f"ActivityTask{state}", 1, stepName="5") for state in ("Scheduled", "Started")]
    ticks = [event("WorkflowTaskScheduled", 2) for _ in range(3)]

    steps = folded([*named, *ticks, event("ActivityTaskCompleted", 3)], S.RUNNING)

    assert told(steps) == [("5", 1, S.RUNNING, "01", None), ("#1", 1, S.SUCCEEDED, None, "03")]


@pytest.mark.parametrize("timestamps", [("45.5Z", "45.10Z"), ("45.5Z", "45+00:00"), ("46Z", "45.999999999Z")])
def test_events_are_put_in_order_whatever_form_their_times_have(timestamps: tuple[str, str]) -> None:
    later, earlier = (f"2022-02-07T20:13:{one}" for one in timestamps)
    (step,) = folded(
        [
            event("ActivityTaskCompleted", 0, **NAMES) | {"timestamp": later},
            event("ActivityTaskStarted", 0, **NAMES) | {"timestamp": earlier},
        ]
    ).steps
    assert (step.started, step.ended, step.status) == (earlier, later, S.SUCCEEDED)


def test_each_turn_of_a_loop_is_a_step_of_its_own() -> None:
    turns = [
        event(f"ActivityTask{state}", 3 * turn + place, **NAMES)
        for turn in range(3)
        for place, state in enumerate(["Scheduled", "Started", "Completed"])
    ]
    assert told(folded(turns)) == [
        ("Get Identity", 1, S.SUCCEEDED, "01", "02"),
        ("Get Identity", 2, S.SUCCEEDED, "04", "05"),
        ("Get Identity", 3, S.SUCCEEDED, "07", "08"),
    ]


def test_a_new_turn_leaves_one_that_was_never_closed_as_it_is() -> None:
    events = [
        event("ActivityTaskScheduled", 1, **NAMES),
        event("ActivityTaskStarted", 2, **NAMES),
        event("ActivityTaskScheduled", 3, **NAMES),
        event("ActivityTaskStarted", 4, **NAMES),
        event("ActivityTaskCompleted", 5, **NAMES),
    ]
    assert told(folded(events)) == [
        ("Get Identity", 1, S.UNKNOWN, "02", None),
        ("Get Identity", 2, S.SUCCEEDED, "04", "05"),
    ]


@given(turns=st.integers(1, 5), order=st.randoms(use_true_random=False))
def test_turns_at_the_same_time_are_as_many_steps_each_with_its_start_and_end(turns: int, order: Any) -> None:
    """Which closing event belongs to which turn is not told; how many there are is."""
    pending = [["Scheduled", "Started", "Completed"] for _ in range(turns)]
    events: list[dict[str, Any]] = []
    while any(pending):
        turn = order.choice([one for one in pending if one])
        events.append(event(f"ActivityTask{turn.pop(0)}", len(events), **NAMES))

    steps = folded(events).steps

    assert len(steps) == turns
    assert all(step.status is S.SUCCEEDED and step.started_at and step.ended_at for step in steps)
    assert sorted(step.ordinal for step in steps if isinstance(step, SailPointStep)) == list(range(1, turns + 1))


@pytest.mark.parametrize(("state", "status"), [("Completed", S.SUCCEEDED), ("Failed", S.FAILED)])
def test_a_closing_event_without_an_opening_one_is_a_step_without_a_start(state: str, status: ExecutionStatus) -> None:
    assert told(folded([event(f"ActivityTask{state}", 5, **NAMES)])) == [("Get Identity", 1, status, None, "05")]


def test_child_workflows_are_steps_of_a_type_of_their_own() -> None:
    child = {"displayName": "Leaver", "stepName": "leaver"}
    events = [
        event("StartChildWorkflowExecutionInitiated", 1, **child),
        event("ChildWorkflowExecutionStarted", 2, **child),
        event("ChildWorkflowExecutionFailed", 3, error="child failed", **child),
    ]
    found = folded(events, S.FAILED)

    assert told(found) == [("Leaver", 1, S.FAILED, "02", "03")]
    assert (found.steps[0].type, found.steps[0].raw_status) == ("childWorkflow", "ChildWorkflowExecutionFailed")
    assert found.run_error == ExecutionError("child failed")


def test_an_activity_and_a_child_of_the_same_name_are_two_steps() -> None:
    events = [event("ActivityTaskScheduled", 1, **NAMES), event("ChildWorkflowExecutionStarted", 2, **NAMES)]
    assert [step.type for step in folded(events).steps] == ["sp:get-identity", "childWorkflow"]


@pytest.mark.parametrize(
    ("of_run", "of_step"),
    [
        (S.CANCELED, S.CANCELED),
        (S.SUCCEEDED, S.UNKNOWN),
        (S.FAILED, S.UNKNOWN),
        (S.RUNNING, S.RUNNING),
        (S.QUEUED, S.RUNNING),
    ],
)
def test_a_step_that_nothing_closed_was_cancelled_with_its_run_or_nobody_knows(
    of_run: ExecutionStatus, of_step: ExecutionStatus
) -> None:
    events = [event("ActivityTaskScheduled", 1, **NAMES), event("ActivityTaskStarted", 2, **NAMES)]
    assert told(folded(events, of_run)) == [("Get Identity", 1, of_step, "02", None)]


def test_a_step_that_waits_is_queued_while_its_run_is_not_over() -> None:
    assert told(folded([event("ActivityTaskScheduled", 1, **NAMES)], S.RUNNING)) == [
        ("Get Identity", 1, S.QUEUED, None, None)
    ]


@pytest.mark.parametrize("attributes", [{}, None, "left out"])
def test_events_without_attributes_are_a_step_each_rather_than_none(attributes: object) -> None:
    events = [event(f"ActivityTask{state}", at) for at, state in enumerate(["Scheduled", "Started", "Completed"])]
    for one in events:
        one["attributes"] = attributes
        if attributes == "left out":
            del one["attributes"]

    found = folded(events)

    assert [(step.name, step.place, step.native_id) for step in found.steps] == [
        ("#0", "0", None), ("#1", "1", None), ("#2", "2", None)
    ]  # fmt: skip
    assert [step.raw_status for step in found.steps] == [
        "ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskCompleted"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "name", "kind"),
    [
        (NAMES, "Get Identity", "sp:get-identity"),
        ({"stepName": "getIdentity"}, "getIdentity", None),
        ({"technicalName": "sp:get-identity"}, "sp:get-identity", "sp:get-identity"),
    ],
)
def test_a_step_is_called_by_the_best_name_it_has(names: dict[str, str], name: str, kind: str | None) -> None:
    (step,) = folded([event("ActivityTaskCompleted", 1, **names)]).steps
    assert (step.name, step.type) == (name, kind)


def test_events_of_kinds_to_come_are_let_be() -> None:
    events = [
        event("ActivityTaskTimedOut", 1, **NAMES),
        event("TimerFired", 2),
        event("WorkflowTaskFailed", 3, error="x"),
    ]
    assert folded(events, S.FAILED) == StepList()


def events_of(count: int) -> list[dict[str, Any]]:
    return [event("ActivityTaskCompleted", index % 60, stepName=f"step-{index}") for index in range(count)]


async def test_a_long_history_is_read_page_after_page() -> None:
    events = events_of(501)
    connector, http = sailpoint(answer(events[:250]), answer(events[250:500]), answer(events[500:]))
    owner = run()

    assert len(steps_of(await connector.list_steps([owner]), owner)) == 501
    assert [dict(request.params)["offset"] for request in http.requests] == ["0", "250", "500"]


@pytest.mark.parametrize(("count", "calls"), [(250, 2), (300, 1)])
async def test_a_tenant_that_ignores_the_page_gives_all_events_once(count: int, calls: int) -> None:
    connector, http = sailpoint(lambda _: answer(events_of(count)))
    owner = run()

    assert len(steps_of(await connector.list_steps([owner]), owner)) == count
    assert len(http.requests) == calls


async def test_a_history_that_does_not_end_is_given_up() -> None:
    def rule(request: Request) -> Any:
        offset = int(dict(request.params)["offset"])
        return answer([event("ActivityTaskCompleted", 1, stepName=f"{offset}-{index}") for index in range(250)])

    connector, http = sailpoint(rule)
    owner = run()

    error = (await connector.list_steps([owner]))[owner.key]

    assert isinstance(error, UnreadableError)
    assert len(http.requests) == 40


# errors


@pytest.mark.parametrize(
    ("name", "kind", "message", "reference"),
    [
        (
            "bad_request.400",
            UnsupportedError,
            "HTTP 400: The request was syntactically correct but its content is semantically invalid.",
            "e7eab60924f64aa284175b9fa3309599",
        ),
        ("token_expired.401", RefusedError, "HTTP 401: JWT validation failed: JWT is expired", None),
        (
            "forbidden.403",
            ForbiddenError,
            "HTTP 403: The server understood the request but refuses to authorize it.",
            "b21b1f7ce4da4d639f2c62a57171b427",
        ),
        (
            "missing.404",
            MissingError,
            "HTTP 404: The server did not find a current representation for the target resource.",
            "b21b1f7ce4da4d639f2c62a57171b427",
        ),
        ("rate_limit.429", ThrottledError, "HTTP 429: Rate Limit Exceeded", None),
        (
            "internal_fault.500",
            UnreachableError,
            "HTTP 500: An internal fault occurred.",
            "b21b1f7ce4da4d639f2c62a57171b427",
        ),
    ],
)
async def test_each_documented_error_is_read(
    name: str, kind: type[ConnectorError], message: str, reference: str | None
) -> None:
    connector, _ = sailpoint(f"sailpoint/{name}.json")

    with pytest.raises(ConnectorError) as caught:
        await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.reference) == (message, reference)


async def test_a_throttled_call_tells_how_long_to_wait() -> None:
    body = sample("sailpoint/rate_limit.429.json").body
    connector, _ = sailpoint(answer(body, 429, {"retry-after": "7"}))

    with pytest.raises(ThrottledError) as caught:
        await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert caught.value.retry_after == 7.0
    assert caught.value.as_data().retry_after_ms == 7000.0


async def test_the_english_text_is_told_if_there_is_one() -> None:
    texts = [
        {"locale": "de-DE", "localeOrigin": "REQUEST", "text": "auf Deutsch"},
        {"locale": "en-US", "localeOrigin": None, "text": "in English"},
    ]
    assert read_problem(json.dumps({"messages": texts}).encode()).message == "in English"
    assert read_problem(json.dumps({"messages": texts[:1]}).encode()).message == "auf Deutsch"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":"\xff"}', b"[" * 100_000, b'{"messages":"no list"}'])
def test_an_error_in_another_shape_tells_nothing(body: bytes) -> None:
    assert read_problem(body).message == ""


# letting in


async def test_a_token_is_asked_for_by_a_form() -> None:
    http = Replay("sailpoint/access_token.200.json")

    token = await ClientCredentials(http, SETTINGS)()

    assert http.request == Request(
        method="POST",
        path="",
        headers=(("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")),
        body=b"grant_type=client_credentials&client_id=client-1&client_secret=s%26cret",
    )
    assert (token.value.reveal(), token.lives) == ("eyJhbGciOiJub25lIn0.e30.", 749.0)


@pytest.mark.parametrize(
    ("token_url", "opened_at"),
    [
        (None, "https://acme.api.identitynow.com/oauth/token"),
        ("https://vanity.example.com/oauth/token", "https://vanity.example.com/oauth/token"),
    ],
)
async def test_a_source_fetches_one_token_for_many_calls(token_url: str | None, opened_at: str) -> None:
    http = Replay(
        lambda request: (
            "sailpoint/access_token.200.json" if request.method == "POST" else "sailpoint/executions_none.200.json"
        )
    )
    opened = Opened(http)
    settings = SailPointSettings(
        provider="sailpoint",
        base_url="https://acme.api.identitynow.com/",
        token_url=token_url,
        client_id=Secret("client-1"),
        client_secret=Secret("secret"),
    )
    connector = connect("identity", settings, opened)

    await connector.list_executions(FLOW, ExecutionQuery(), None)
    await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert opened.urls == [opened_at, "https://acme.api.identitynow.com/"]
    assert [request.method for request in http.requests] == ["POST", "GET", "GET"]
    assert {dict(request.headers).get("Authorization") for request in http.requests[1:]} == {
        "Bearer eyJhbGciOiJub25lIn0.e30."
    }


async def test_a_secret_that_is_not_accepted_is_said_and_not_shown() -> None:
    connector = connect("identity", SETTINGS, Opened(Replay("sailpoint/token_expired.401.json")))

    with pytest.raises(RefusedError) as caught:
        await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert "s&cret" not in str(caught.value) and "s%26cret" not in str(caught.value)
