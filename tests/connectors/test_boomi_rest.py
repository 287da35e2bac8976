"""Boomi by its Platform REST: records, filters, pages, steps in batches, refusals."""

import json
from typing import Any

import pytest
from msgspec import Raw

from connectors.contract import WHOLE_SOURCE, ExecutionQuery, Range, StepList
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
from connectors.providers.boomi import THROTTLING, connect
from connectors.providers.boomi.records import BoomiExecution, BoomiStep, read_execution, read_problem
from connectors.providers.boomi.rest import BoomiRest
from connectors.providers.boomi.settings import BoomiSettings
from schema.identity import NativeId
from schema.model import ExecutionError, ExecutionOrder, ExecutionStatus
from tests.connectors.replay import Opened, Replay, answer, body_sent, ns, sample, steps_of
from tests.connectors.rows import runs_of, unreadable_of

S = ExecutionStatus
SETTINGS = BoomiSettings(
    provider="boomi",
    account_id="account-123456",
    username="BOOMI_TOKEN.ops@example.com",
    api_token=Secret("0000-token"),
)
PROCESS = "dbb98f81-6914-43a2-b03f-594506940dd5"
SEED = NativeId(PROCESS, "execution-73bca62e-7bf4-4c22-bcd9-26b3ec224f37-2023.04.23")
EVERY_WORD = [
    *("ENQUEUED", "STARTED", "INPROCESS", "COMPLETE", "COMPLETE_WARN"),
    *("ERROR", "ABORTED", "ABORTED_RECOVERING", "DISCARDED"),
]
NEWEST_FIRST = {"sortField": [{"fieldName": "executionTime", "sortOrder": "DESC"}]}


def boomi(*answers: Any, settings: BoomiSettings = SETTINGS) -> tuple[BoomiRest, Replay]:
    http = Replay(*answers)
    return BoomiRest("boomi-eu", StatusChecked(http, read_problem, THROTTLING), settings), http


def record(**fields: Any) -> Raw:
    """A record with these fields beside its id and process."""
    return Raw(json.dumps({"executionId": "execution-1", "processId": "process-1"} | fields).encode())


def run(native_id: str, status: ExecutionStatus = S.SUCCEEDED) -> BoomiExecution:
    return BoomiExecution(source="boomi-eu", key=NativeId("process-1", native_id), status=status, raw_status="")


# records


async def test_the_record_of_the_seed_says_all_that_is_in_it() -> None:
    connector, _ = boomi("boomi/executions_seed_record.200.json")

    page = await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)

    (found,) = runs_of(page)
    assert isinstance(found, BoomiExecution)
    message = "No data produced from map 'mapTest', please check source profile and make sure it matches source data."
    assert found.source == "boomi-eu"
    assert found.provider == "BOOMI"
    assert found.key == SEED
    assert found.native_id == SEED.execution
    assert found.workflow_name == found.process_name == "PaginationIpack14 - Thu Apr 20 2023 -Process"
    assert (found.status, found.raw_status) == (S.FAILED, "ERROR")
    assert found.started_at is not None and found.started_at.text == "2023-04-23T18:30:00Z"
    assert found.ended_at is not None and found.ended_at.text == "2023-04-23T18:30:06Z"
    assert (found.duration_ns, found.duration_ms) == (5_816_000_000, 5816.0)
    assert found.error == ExecutionError(message)
    assert found.message == message
    assert found.execution_type == "exec_sched"
    assert found.account == "account-123456"
    assert found.process_id == PROCESS
    assert (found.atom_id, found.atom_name) == ("3456789a-bcde-f012-3456-789abcdef012", "Runtime 1")
    assert (found.inbound_document_count, found.inbound_error_document_count, found.outbound_document_count) == (
        1,
        1,
        0,
    )
    assert (found.inbound_document_size, found.outbound_document_size) == (0, 0)
    assert found.recorded_at == found.ended_at
    assert found.raw is not None
    assert json.loads(bytes(found.raw))["executionDuration"] == ["Long", 5816]
    assert page.next_cursor is None
    assert page.total is None, "numberOfResults is no total"
    assert unreadable_of(page) == []


async def test_every_further_field_arrives_and_sizes_lose_no_digit() -> None:
    connector, _ = boomi("boomi/executions_every_field.200.json")

    (found,) = runs_of(await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None))

    assert isinstance(found, BoomiExecution)
    assert found.original_execution_id == "execution-00000000-0000-4000-8000-000000000001-2024.09.24"
    assert found.parent_execution_id == "execution-00000000-0000-4000-8000-00000000000a-2024.09.25"
    assert found.top_level_execution_id == "execution-00000000-0000-4000-8000-00000000000b-2024.09.25"
    assert found.node_id == "172_16_22_224[execution-107306ba-a299-46e8-954a-a9ec48f0f11f-2024.09.25]"
    assert found.report_key == "report-1"
    assert found.launcher_id == "launcher-1", "the field is launcherID, with a capital D"
    assert found.inbound_document_size == 5_000_000_000
    assert found.outbound_document_size == 9_007_199_254_740_993, "more than a double holds"


async def test_the_official_sample_has_no_message_and_is_read_all_the_same() -> None:
    connector, _ = boomi("boomi/executions_official.200.json")

    (found,) = runs_of(await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None))

    assert (found.status, found.error, found.duration_ms) == (S.SUCCEEDED, None, 3832.0)


@pytest.mark.parametrize("form", [5816, "5816", ["Long", 5816], ["Long", "5816"]])
def test_a_long_is_read_in_each_of_its_four_forms(form: object) -> None:
    read = read_execution(
        record(status="COMPLETE", executionDuration=form, inboundDocumentSize=form, outboundDocumentSize=form), "s"
    )
    assert read.duration_ns == 5_816_000_000
    assert (read.inbound_document_size, read.outbound_document_size) == (5816, 5816)


@pytest.mark.parametrize("form", ["soon", "", ["Long"], ["Long", "x"], ["Int", 5], ["Long", 1, 2], True, 5.5, {}])
def test_a_long_in_no_known_form_is_said_to_be_unreadable_and_never_taken_for_nought(form: object) -> None:
    with pytest.raises(UnreadableError):
        read_execution(record(executionDuration=form), "s")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("ENQUEUED", S.QUEUED),
        ("STARTED", S.RUNNING),
        ("INPROCESS", S.RUNNING),
        ("COMPLETE", S.SUCCEEDED),
        ("COMPLETE_WARN", S.SUCCEEDED_WITH_WARNINGS),
        ("ERROR", S.FAILED),
        ("ABORTED", S.ABORTED),
        ("ABORTED_RECOVERING", S.ABORTED),
        ("DISCARDED", S.DISCARDED),
        ("VANISHED", S.UNKNOWN),
        ("", S.UNKNOWN),
    ],
)
def test_each_status_word_has_its_place(word: str, status: ExecutionStatus) -> None:
    read = read_execution(record(status=word), "s")
    assert (read.status, read.raw_status) == (status, word)


@pytest.mark.parametrize("fields", [{}, {"status": None}])
def test_a_record_needs_nothing_but_its_id(fields: dict[str, None]) -> None:
    read = read_execution(Raw(json.dumps({"executionId": "execution-1"} | fields).encode()), "s")
    assert (read.key, read.status, read.raw_status) == (NativeId("", "execution-1"), S.UNKNOWN, "")
    assert read.workflow is None, "without a processId nobody can say what it is a run of"
    assert (read.started_at, read.ended_at, read.duration_ms, read.error) == (None, None, None, None)


@pytest.mark.parametrize("word", ["STARTED", "INPROCESS", "ENQUEUED"])
def test_a_run_that_is_not_over_has_neither_end_nor_duration_whatever_was_recorded(word: str) -> None:
    read = read_execution(
        record(
            status=word,
            executionTime="2023-04-23T18:30:00Z",
            recordedDate="2023-04-23T18:30:00Z",
            executionDuration=["Long", 0],
        ),
        "s",
    )
    assert (read.ended_at, read.duration_ms) == (None, None)
    assert read.recorded_at is not None and read.recorded_at.text == "2023-04-23T18:30:00Z"


def test_the_end_is_start_and_duration_where_nothing_was_recorded() -> None:
    read = read_execution(
        record(status="ERROR", executionTime="2023-04-23T18:30:00Z", executionDuration=["Long", "5816"]), "s"
    )
    assert read.ended_at is not None and read.ended_at.text == "2023-04-23T18:30:05.816Z"
    assert read.recorded_at is None


@pytest.mark.parametrize(
    ("word", "is_error"),
    [("ERROR", True), ("ABORTED", True), ("DISCARDED", True), ("COMPLETE", False), ("COMPLETE_WARN", False)],
)
def test_a_message_is_an_error_only_of_a_run_that_failed(word: str, is_error: bool) -> None:
    read = read_execution(record(status=word, message="said something"), "s")
    assert read.message == "said something"
    assert (read.error is not None) is is_error


# lists


async def test_a_list_without_conditions_asks_for_the_order_alone() -> None:
    connector, http = boomi("boomi/executions_none.200.json")

    page = await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)

    assert http.request == Request(
        method="POST",
        path="/api/rest/v1/account-123456/ExecutionRecord/query",
        headers=(("Accept", "application/json"), ("Content-Type", "application/json")),
        body=http.request.body,
    )
    assert body_sent(http.request) == {"QuerySort": NEWEST_FIRST}
    assert (runs_of(page), page.next_cursor) == ([], None), "`result` is left out when nothing was found"


async def test_oldest_first_is_asked_for_as_asc() -> None:
    connector, http = boomi("boomi/executions_none.200.json")

    await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(order=ExecutionOrder.STARTED_AT_ASC), None)

    assert body_sent(http.request) == {"QuerySort": {"sortField": [{"fieldName": "executionTime", "sortOrder": "ASC"}]}}


def equals(name: str, value: str) -> dict[str, Any]:
    return {"operator": "EQUALS", "property": name, "argument": [value]}


@pytest.mark.parametrize(
    ("query", "expression"),
    [
        (ExecutionQuery(workflow_ids=frozenset({PROCESS})), equals("processId", PROCESS)),
        (
            ExecutionQuery(workflow_ids=frozenset({"b", "a"})),
            {"operator": "or", "nestedExpression": [equals("processId", "a"), equals("processId", "b")]},
        ),
        (ExecutionQuery(statuses=frozenset({S.QUEUED})), equals("status", "ENQUEUED")),
        (ExecutionQuery(statuses=frozenset({S.SUCCEEDED})), equals("status", "COMPLETE")),
        (ExecutionQuery(statuses=frozenset({S.SUCCEEDED_WITH_WARNINGS})), equals("status", "COMPLETE_WARN")),
        (ExecutionQuery(statuses=frozenset({S.FAILED})), equals("status", "ERROR")),
        (ExecutionQuery(statuses=frozenset({S.DISCARDED})), equals("status", "DISCARDED")),
        (
            ExecutionQuery(statuses=frozenset({S.RUNNING})),
            {"operator": "or", "nestedExpression": [equals("status", "STARTED"), equals("status", "INPROCESS")]},
        ),
        (
            ExecutionQuery(statuses=frozenset({S.ABORTED, S.CANCELED, S.PAUSED})),
            {
                "operator": "or",
                "nestedExpression": [equals("status", "ABORTED"), equals("status", "ABORTED_RECOVERING")],
            },
        ),
        (
            ExecutionQuery(started=Range(start=ns("2023-04-23T00:00:00.999999999Z"))),
            {"operator": "GREATER_THAN_OR_EQUAL", "property": "executionTime", "argument": ["2023-04-23T00:00:00Z"]},
        ),
        (
            ExecutionQuery(started=Range(end=ns("2023-04-23T23:59:58.000000001Z"))),
            {"operator": "LESS_THAN_OR_EQUAL", "property": "executionTime", "argument": ["2023-04-23T23:59:59Z"]},
        ),
        (
            ExecutionQuery(started=Range(end=ns("2023-04-23T23:59:58Z"))),
            {"operator": "LESS_THAN_OR_EQUAL", "property": "executionTime", "argument": ["2023-04-23T23:59:58Z"]},
        ),
        (
            ExecutionQuery(statuses=frozenset({S.UNKNOWN})),
            {
                "operator": "and",
                "nestedExpression": [
                    {"operator": "NOT_EQUALS", "property": "status", "argument": [word]} for word in EVERY_WORD
                ],
            },
        ),
    ],
)
async def test_a_condition_is_pushed_down_in_the_grammar_of_the_platform(
    query: ExecutionQuery, expression: dict[str, Any]
) -> None:
    connector, http = boomi("boomi/executions_none.200.json")

    await connector.list_executions(WHOLE_SOURCE, query, None)

    assert body_sent(http.request) == {"QueryFilter": {"expression": expression}, "QuerySort": NEWEST_FIRST}


async def test_conditions_together_are_the_documented_request() -> None:
    """Failed or aborted runs of one process in one day: groups for what is several, no group for what is one."""
    connector, http = boomi("boomi/executions_none.200.json")
    day = Range(ns("2023-04-23T00:00:00Z"), ns("2023-04-23T23:59:59Z"))

    await connector.list_executions(
        WHOLE_SOURCE,
        ExecutionQuery(workflow_ids=frozenset({PROCESS}), started=day, statuses=frozenset({S.FAILED, S.ABORTED})),
        None,
    )

    assert body_sent(http.request)["QueryFilter"]["expression"] == {
        "operator": "and",
        "nestedExpression": [
            equals("processId", PROCESS),
            {"operator": "GREATER_THAN_OR_EQUAL", "property": "executionTime", "argument": ["2023-04-23T00:00:00Z"]},
            {"operator": "LESS_THAN_OR_EQUAL", "property": "executionTime", "argument": ["2023-04-23T23:59:59Z"]},
            {
                "operator": "or",
                "nestedExpression": [
                    equals("status", "ERROR"),
                    equals("status", "ABORTED"),
                    equals("status", "ABORTED_RECOVERING"),
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    "query",
    [
        ExecutionQuery(statuses=frozenset({S.UNKNOWN, S.FAILED})),
        ExecutionQuery(ended=Range(1, 2), duration=Range(1, 2)),
        ExecutionQuery(workflow_name_contains="%", error_contains='"}', limit=3),
    ],
)
async def test_what_the_grammar_cannot_say_exactly_is_not_sent(query: ExecutionQuery) -> None:
    connector, http = boomi("boomi/executions_none.200.json")

    await connector.list_executions(WHOLE_SOURCE, query, None)

    assert body_sent(http.request) == {"QuerySort": NEWEST_FIRST}


async def test_runs_of_no_process_at_all_are_not_asked_for() -> None:
    connector, http = boomi()

    page = await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(workflow_ids=frozenset()), None)

    assert (list(runs_of(page)), http.requests) == ([], [])


async def test_the_next_page_is_asked_for_by_the_bare_token() -> None:
    connector, http = boomi("boomi/executions_more_to_come.200.json", "boomi/executions_last_page.200.json")

    first = await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)
    token = json.loads(sample("boomi/executions_more_to_come.200.json").body)["queryToken"]
    assert first.next_cursor == token
    second = await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), first.next_cursor)

    assert http.requests[1] == Request(
        method="POST",
        path="/api/rest/v1/account-123456/ExecutionRecord/queryMore",
        headers=(("Accept", "application/json"), ("Content-Type", "text/plain")),
        body=token.encode(),
    )
    assert second.next_cursor is None
    assert [one.native_id for one in runs_of(second)] == ["execution-00000000-0000-4000-8000-000000000001-2023.04.22"]


async def test_a_partner_acts_for_a_child_account_on_every_page() -> None:
    settings = BoomiSettings(
        provider="boomi", account_id="parent", username="u", api_token=Secret("t"), override_account_id="child-1"
    )
    connector, http = boomi(
        "boomi/executions_more_to_come.200.json", "boomi/executions_last_page.200.json", settings=settings
    )

    page = await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)
    await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), page.next_cursor)

    assert [request.path for request in http.requests] == [
        "/partner/api/rest/v1/parent/ExecutionRecord/query",
        "/partner/api/rest/v1/parent/ExecutionRecord/queryMore",
    ]
    assert {request.params for request in http.requests} == {(("overrideAccount", "child-1"),)}


# single runs


async def test_runs_are_got_by_a_query_for_their_ids() -> None:
    connector, http = boomi("boomi/executions_seed_record.200.json")
    gone = NativeId(PROCESS, "execution-gone")

    found = await connector.get_executions([SEED, gone])

    assert body_sent(http.request) == {
        "QueryFilter": {
            "expression": {
                "operator": "or",
                "nestedExpression": [equals("executionId", SEED.execution), equals("executionId", "execution-gone")],
            }
        }
    }
    assert found.keys() == {SEED}


async def test_many_runs_are_got_by_fifty_a_call() -> None:
    connector, http = boomi(lambda _: "boomi/executions_none.200.json")

    await connector.get_executions([NativeId("p", f"execution-{index}") for index in range(101)])

    asked = [body_sent(request)["QueryFilter"]["expression"] for request in http.requests]
    assert [len(one.get("nestedExpression", [one])) for one in asked] == [50, 50, 1]


async def test_a_run_whose_record_cannot_be_read_is_an_error_of_its_own() -> None:
    connector, _ = boomi("boomi/executions_one_unreadable.200.json")
    unreadable = NativeId(PROCESS, "execution-unreadable-2023.04.23")

    found = await connector.get_executions([SEED, unreadable])

    assert isinstance(found[SEED], BoomiExecution)
    assert isinstance(found[unreadable], UnreadableError)


# steps


async def test_the_official_steps_are_read_field_by_field() -> None:
    connector, http = boomi("boomi/steps_official.200.json")
    owner = run("execution-3456789a-bcde-f012-3456-789abcdef012-2015.01.01")

    found = (await connector.list_steps([owner]))[owner.key]

    assert http.request.path == "/api/rest/v1/account-123456/ExecutionConnector/query"
    assert body_sent(http.request) == {"QueryFilter": {"expression": equals("executionId", owner.native_id)}}
    assert isinstance(found, StepList)
    first, second = found.steps
    assert isinstance(first, BoomiStep) and isinstance(second, BoomiStep)
    assert first.native_id is not None and first.native_id.startswith("ABcDE19FT05GhIJ1KLmno2PqrST6c2u")
    assert first.place == first.native_id
    assert (first.source, first.run) == ("boomi-eu", owner.key)
    assert (first.name, first.type, first.connector_type, first.action_type) == ("Start", *["nodata"] * 3)
    assert (first.error_count, first.success_count, first.size, first.is_start_shape) == (0, 1, 0, True)
    assert (first.record_type, second.record_type) == ("nodata", "return")
    assert (second.name, second.is_start_shape) == ("shape2", False)
    assert (first.status, first.raw_status) == (S.SUCCEEDED, "errorCount=0")
    assert (first.started_at, first.ended_at, first.duration_ms) == (None, None, None)


async def test_the_steps_of_several_runs_come_by_one_call_and_go_to_their_own_run() -> None:
    connector, http = boomi("boomi/steps_of_two_runs.200.json")
    a, b, empty = run("execution-a"), run("execution-b", S.FAILED), run("execution-c")

    found = await connector.list_steps([a, b, empty])

    assert len(http.requests) == 1
    assert [step.name for step in steps_of(found, a)] == ["Start", "shape2"]
    assert steps_of(found, empty) == ()
    (orders,) = steps_of(found, b)
    assert isinstance(orders, BoomiStep)
    assert (orders.status, orders.raw_status) == (S.FAILED, "errorCount=2")
    assert (orders.size, orders.success_count) == (5_000_000_000, 40)


async def test_the_steps_of_twenty_one_runs_take_two_calls_and_all_their_pages() -> None:
    first = {"result": [{"id": "s1", "executionId": "execution-0"}], "queryToken": "more"}
    second = {"result": [{"id": "s2", "executionId": "execution-0"}]}

    def rule(request: Request) -> Any:
        if request.path.endswith("queryMore"):
            return answer(second)
        expression = body_sent(request)["QueryFilter"]["expression"]
        return answer(first) if expression["operator"] == "or" else "boomi/executions_none.200.json"

    connector, http = boomi(rule)
    runs = [run(f"execution-{index}") for index in range(21)]

    found = await connector.list_steps(runs)

    assert len(http.requests) == 3
    assert b"more" in [request.body for request in http.requests]
    assert [step.place for step in steps_of(found, runs[0])] == ["s1", "s2"]
    assert len(found) == 21


async def test_a_step_without_errors_of_a_run_that_is_not_over_is_in_no_known_state() -> None:
    connector, _ = boomi("boomi/steps_of_two_runs.200.json")
    a, b = run("execution-a", S.RUNNING), run("execution-b", S.RUNNING)

    found = await connector.list_steps([a, b])

    assert [step.status for step in steps_of(found, a)] == [S.UNKNOWN, S.UNKNOWN]
    assert [step.status for step in steps_of(found, b)] == [S.FAILED]


async def test_a_step_that_cannot_be_read_is_left_out_of_its_own_run_only() -> None:
    connector, _ = boomi("boomi/steps_one_unreadable.200.json")
    a, b = run("execution-a"), run("execution-b")

    found = await connector.list_steps([a, b])

    of_a, of_b = found[a.key], found[b.key]
    assert isinstance(of_a, StepList)
    assert isinstance(of_b, StepList)
    assert (len(of_a.steps), of_a.unreadable) == (1, ())
    assert ([one.native_id for one in of_b.unreadable], of_b.steps) == (["step-b1"], ())


async def test_a_walk_whose_token_repeats_is_given_up() -> None:
    connector, http = boomi(lambda _: answer({"result": [], "queryToken": "again"}))
    one = run("execution-a")

    found = await connector.list_steps([one])

    assert isinstance(found[one.key], UnreadableError)
    assert len(http.requests) == 2


# processes


async def test_processes_are_listed_with_their_names() -> None:
    connector, http = boomi("boomi/processes.200.json")

    (flow,) = await connector.workflows()

    assert http.request.path == "/api/rest/v1/account-123456/Process/query"
    assert body_sent(http.request) == {}
    assert (flow.source, flow.provider, flow.native_id) == ("boomi-eu", "BOOMI", PROCESS)
    assert flow.name == "PaginationIpack14 - Thu Apr 20 2023 -Process"


async def test_only_the_named_processes_are_asked_for() -> None:
    settings = BoomiSettings(
        provider="boomi", account_id="a", username="u", api_token=Secret("t"), workflow_ids=("p1", "p2")
    )
    connector, http = boomi("boomi/processes.200.json", settings=settings)

    await connector.workflows()

    assert body_sent(http.request)["QueryFilter"]["expression"] == {
        "operator": "or",
        "nestedExpression": [equals("id", "p1"), equals("id", "p2")],
    }


# errors


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("boomi/error_message.400.json", "HTTP 400: Unable to find an execution with ID execution-1."),
        ("boomi/error_nested.400.json", "HTTP 400: Invalid filter"),
        ("boomi/error_typed.400.json", "HTTP 400: Invalid query token"),
    ],
)
async def test_each_shape_of_an_error_is_read(name: str, message: str) -> None:
    connector, _ = boomi(name)

    with pytest.raises(UnsupportedError) as caught:
        await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)

    assert (caught.value.message, caught.value.http_status, caught.value.retryable) == (message, 400, False)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"Account is over its limit\n", "HTTP 400: Account is over its limit"),
        (b"<?xml version='1.0'?><Error>secret</Error>", "HTTP 400"),
        (b"<html>proxy</html>", "HTTP 400"),
        (b'{"message": "\xff"}', "HTTP 400"),
        (b"[" * 100_000, "HTTP 400"),
        (b"", "HTTP 400"),
    ],
)
async def test_an_error_in_no_known_shape_tells_its_text_if_it_has_one(body: bytes, message: str) -> None:
    connector, _ = boomi(answer(body, 400))

    with pytest.raises(UnsupportedError) as caught:
        await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)

    assert caught.value.message == message


async def test_busy_is_throttled_as_rest_has_no_429() -> None:
    connector, _ = boomi("boomi/busy.503.json")

    with pytest.raises(ThrottledError) as caught:
        await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)

    assert caught.value.message == "HTTP 503: The server is busy"
    assert (caught.value.retryable, caught.value.retry_after) == (True, None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, RefusedError),
        (403, ForbiddenError),
        (404, MissingError),
        (410, MissingError),
        (429, ThrottledError),
        (500, UnreachableError),
        (504, UnreachableError),
        (301, UnreadableError),
        (308, UnreadableError),
    ],
)
async def test_each_status_code_says_what_to_do(status: int, kind: type[ConnectorError]) -> None:
    connector, _ = boomi(answer({}, status))

    with pytest.raises(ConnectorError) as caught:
        await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)

    assert type(caught.value) is kind
    assert caught.value.http_status == status


async def test_xml_in_place_of_json_is_unreadable() -> None:
    connector, _ = boomi(answer(b"<bns:QueryResult/>"))

    with pytest.raises(UnreadableError, match="HTML or XML instead of JSON"):
        await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)


# joined


async def test_a_source_sends_its_basic_pair() -> None:
    http = Replay("boomi/executions_none.200.json")
    opened = Opened(http)

    connector = connect("boomi-eu", SETTINGS, opened)
    await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)

    assert isinstance(connector, BoomiRest)
    assert opened.urls == ["https://api.boomi.com"]
    pair = "Qk9PTUlfVE9LRU4ub3BzQGV4YW1wbGUuY29tOjAwMDAtdG9rZW4="
    assert http.request.headers == (
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
        ("Authorization", f"Basic {pair}"),
    )


async def test_503_is_throttled_for_a_joined_source_as_well() -> None:
    connector = connect("boomi-eu", SETTINGS, Opened(Replay("boomi/busy.503.json")))

    with pytest.raises(ThrottledError):
        await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(), None)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, None),
        ({"mode": "spaces"}, 'mode = "spaces" needs space_guid and workflow_ids'),
        ({"mode": "spaces", "space_guid": "s"}, 'mode = "spaces" needs space_guid and workflow_ids'),
        ({"mode": "spaces", "space_guid": "s", "workflow_ids": ("p",)}, None),
        (
            {"mode": "spaces", "space_guid": "s", "workflow_ids": ("p",), "override_account_id": "c"},
            'override_account_id goes with mode = "rest" only',
        ),
    ],
)
def test_settings_that_do_not_go_together_are_named(fields: dict[str, Any], problem: str | None) -> None:
    settings = BoomiSettings(provider="boomi", account_id="a", username="u", api_token=Secret("t"), **fields)
    assert settings.problem() == problem
