"""Arcee Orchestra: lists of one, cut seconds, payloads of changing kind, words nobody documents."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from connectors.contract import ExecutionQuery, Range
from connectors.errors import (
    ConnectorError,
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
from connectors.providers.arcee import (
    Arcee,
    ArceeExecution,
    ArceeSettings,
    ArceeStep,
    connect,
    read_problem,
    read_run,
)
from schema.identity import NativeId
from schema.model import ExecutionError, ExecutionOrder, ExecutionStatus
from tests.connectors.replay import Opened, Replay, answer, sample, steps_of
from tests.connectors.rows import runs_of, unreadable_of

S = ExecutionStatus
FLOW = "7c1e0f6e-0000-4000-8000-000000000001"
SEED = NativeId(FLOW, "a40d4d53-7e5e-432b-8f23-8afdc53eefa3")


def arcee(*answers: Any) -> tuple[Arcee, Replay]:
    http = Replay(*answers)
    return Arcee("llm", StatusChecked(http, read_problem)), http


def read(**fields: Any) -> ArceeExecution:
    """A run with these fields beside its id."""
    return read_run(Raw(json.dumps({"id": "run-1"} | fields).encode()), "llm", FLOW)


def run(native_id: str = "run-1", **fields: Any) -> ArceeExecution:
    fields = {"status": S.SUCCEEDED, "raw_status": "completed"} | fields
    return ArceeExecution(source="llm", key=NativeId(FLOW, native_id), **fields)


# records


async def test_the_run_of_the_seed_says_all_that_is_in_it() -> None:
    connector, _ = arcee("arcee/runs_seed.200.json")

    page = await connector.list_executions(FLOW, ExecutionQuery(limit=10), None)

    (found,) = runs_of(page)
    assert isinstance(found, ArceeExecution)
    assert (found.source, found.provider) == ("llm", "ARCEE")
    assert found.key == SEED, "the workflow is the one that was asked for"
    assert (found.status, found.raw_status) == (S.SUCCEEDED, "completed")
    assert found.started_at is not None and found.started_at.text == "2025-03-12T03:39:30.476391Z"
    assert found.ended_at is not None and found.ended_at.text == "2025-03-12T03:39:36.133074Z"
    assert found.elapsed_ns == 5_656_683_000, "by the two times, as elapsed_time is cut to 5"
    assert found.duration_ms == 5656.683
    assert found.elapsed_seconds == 5
    assert found.error is None
    assert found.input is not None and json.loads(bytes(found.input)) == {"prompt": "Tell me a joke about the weather"}
    assert found.output is not None
    joke = json.loads(bytes(found.output))
    assert joke.startswith("Here's a weather-related joke for you:\n\nWhy did the cloud cross the sky?")
    assert found.all_outputs is not None
    assert json.loads(bytes(found.all_outputs)) == {"prompt": "Tell me a joke about the weather", "model": joke}
    assert found.raw is not None and json.loads(bytes(found.raw))["id"] == SEED.execution
    assert (page.next_cursor, page.total) == (None, None)


async def test_a_run_that_is_got_comes_in_a_list_of_one_with_an_object_for_output() -> None:
    connector, http = arcee("arcee/run_get.200.json")
    key = NativeId(FLOW, "THE_RUN_ID")

    found = (await connector.get_executions([key]))[key]

    assert http.request == Request(path=f"/workflows/{FLOW}/runs/THE_RUN_ID")
    assert isinstance(found, ArceeExecution)
    assert found.key == key
    assert found.output is not None
    assert json.loads(bytes(found.output))["model_1"] == "Hello there! How can I assist you today?"
    assert (found.duration_ms, found.elapsed_seconds) == (726.324, 0), "under a second, and cut to 0"


async def test_an_empty_list_for_a_run_means_that_there_is_none() -> None:
    connector, _ = arcee("arcee/run_empty_list.200.json")

    assert await connector.get_executions([SEED]) == {}


async def test_a_failed_run_tells_its_error() -> None:
    connector, _ = arcee("arcee/runs_failed.200.json")

    (found,) = runs_of(await connector.list_executions(FLOW, ExecutionQuery(), None))

    assert (found.status, found.raw_status) == (S.FAILED, "failed")
    assert found.error == ExecutionError("Node 'model' failed: upstream timeout")
    assert (found.output, found.duration_ms) == (None, 2500.0)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *((word, S.SUCCEEDED) for word in ("completed", "success", "succeeded", "COMPLETED")),
        *((word, S.FAILED) for word in ("failed", "error", "Failed")),
        *((word, S.RUNNING) for word in ("running", "in_progress", "started", "executing", "RUNNING")),
        *((word, S.QUEUED) for word in ("pending", "queued", "scheduled")),
        *((word, S.PAUSED) for word in ("paused", "waiting")),
        *((word, S.CANCELED) for word in ("canceled", "cancelled", "stopped")),
        ("meditating", S.UNKNOWN),
    ],
)
def test_each_status_word_has_its_place_whatever_its_case(word: str, status: ExecutionStatus) -> None:
    found = read(status=word, start_time="2025-03-12T03:39:30Z")
    assert (found.status, found.raw_status) == (status, word)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "completed", "error": "after all"}, S.FAILED),
        ({"status": "meditating", "error": "after all"}, S.FAILED),
        ({"status": "", "error": "after all"}, S.FAILED),
        ({"status": "running", "error": "one node failed"}, S.RUNNING),
        ({"status": "canceled", "error": "by hand"}, S.CANCELED),
        ({"status": "completed", "error": ""}, S.SUCCEEDED),
        ({"status": "completed", "error": {}}, S.SUCCEEDED),
        ({"status": "", "start_time": "2025-03-12T03:39:30Z", "end_time": None}, S.RUNNING),
        ({"status": None, "start_time": "2025-03-12T03:39:30Z"}, S.RUNNING),
        ({"status": "", "start_time": None, "end_time": None}, S.UNKNOWN),
        ({"status": "", "start_time": "2025-03-12T03:39:30Z", "end_time": "2025-03-12T03:39:31Z"}, S.UNKNOWN),
        ({"status": "meditating", "start_time": "2025-03-12T03:39:30Z", "end_time": None}, S.UNKNOWN),
        ({}, S.UNKNOWN),
    ],
)
def test_an_error_outweighs_success_and_stands_in_for_a_word_that_nobody_knows(
    fields: dict[str, Any], status: ExecutionStatus
) -> None:
    assert read(**fields).status is status


@pytest.mark.parametrize(
    ("error", "read_as"),
    [
        (None, None),
        ("", None),
        ({}, None),
        ([], None),
        ("plain", ExecutionError("plain")),
        ({"message": "in words", "code": "E1"}, ExecutionError("in words", "E1")),
        ({"message": "in words", "type": "timeout"}, ExecutionError("in words", "timeout")),
        ({"message": "in words", "code": 7}, ExecutionError("in words")),
        ({"detail": "in detail"}, ExecutionError("in detail")),
        ({"why": 1}, ExecutionError('{"why":1}')),
        (["a", "b"], ExecutionError('["a","b"]')),
    ],
)
def test_an_error_is_text_or_an_object(error: object, read_as: ExecutionError | None) -> None:
    record = json.dumps({"id": "run-1", "status": "failed", "error": error}, separators=(",", ":"))
    assert read_run(Raw(record.encode()), "llm", FLOW).error == read_as


@pytest.mark.parametrize("outputs", ["text", {"a": 1}, ["a"], 7, False, ""])
def test_outputs_are_passed_on_whatever_they_are(outputs: object) -> None:
    found = read(outputs=outputs)
    assert found.output is not None and json.loads(bytes(found.output)) == outputs


@pytest.mark.parametrize("fields", [{}, {"outputs": None, "inputs": None, "all_outputs": None}])
def test_payloads_that_are_null_or_left_out_are_none(fields: dict[str, None]) -> None:
    found = read(**fields)
    assert (found.output, found.input, found.all_outputs) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "duration_ms"),
    [
        ({"status": "completed", "end_time": None, "elapsed_time": 2}, 2000.0),
        ({"status": "completed", "end_time": None, "elapsed_time": 2.5}, 2500.0),
        ({"status": "completed", "end_time": None, "elapsed_time": None}, None),
        ({"status": "running", "end_time": None, "elapsed_time": 2}, None),
        ({"status": "completed", "end_time": "2025-03-12T03:39:30.75Z", "elapsed_time": 0}, 750.0),
    ],
)
def test_elapsed_time_counts_only_where_the_end_is_missing(fields: dict[str, Any], duration_ms: float | None) -> None:
    assert read(start_time="2025-03-12T03:39:30Z", **fields).duration_ms == duration_ms


def test_the_time_format_of_workflow_objects_is_understood_as_well() -> None:
    found = read(start_time="2025-03-12 00:59:55.465508+00:00")
    assert found.started_at is not None and found.started_at.text == "2025-03-12T00:59:55.465508Z"


# lists


async def test_a_list_is_asked_for_by_limit_and_offset() -> None:
    connector, http = arcee("arcee/executions_none.200.json")

    page = await connector.list_executions(FLOW, ExecutionQuery(limit=10), "10")

    assert http.request == Request(path=f"/workflows/{FLOW}/runs", params=(("limit", "10"), ("offset", "10")))
    assert (runs_of(page), page.next_cursor) == ([], None)


@pytest.mark.parametrize(("wanted", "sent"), [(0, "1"), (1, "1"), (100, "100"), (5000, "100")])
async def test_a_page_holds_a_hundred_runs_at_the_most(wanted: int, sent: str) -> None:
    connector, http = arcee("arcee/executions_none.200.json")

    await connector.list_executions(FLOW, ExecutionQuery(limit=wanted), None)

    assert http.request.params == (("limit", sent), ("offset", "0"))


async def test_no_condition_is_ever_sent() -> None:
    connector, http = arcee("arcee/executions_none.200.json")
    query = ExecutionQuery(
        order=ExecutionOrder.STARTED_AT_ASC,
        statuses=frozenset({S.FAILED}),
        started=Range(1, 2),
        workflow_name_contains="joke",
        error_contains="timeout",
    )

    await connector.list_executions(FLOW, query, None)

    assert [name for name, _ in http.request.params] == ["limit", "offset"]
    assert connector.capabilities.pushes_down == frozenset()


@given(total=st.integers(0, 25), limit=st.integers(1, 10))
async def test_pages_put_end_to_end_are_the_whole_list(total: int, limit: int) -> None:
    """A page that is not full is the last; a full last page costs one more call, which finds nothing."""
    everything = [{"id": f"run-{index}"} for index in range(total)]

    def rule(request: Request) -> Any:
        params = dict(request.params)
        start = int(params["offset"])
        return answer(everything[start : start + int(params["limit"])])

    connector, http = arcee(rule)
    found, cursor = [], None
    while True:
        page = await connector.list_executions(FLOW, ExecutionQuery(limit=limit), cursor)
        found += [one.native_id for one in runs_of(page)]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert found == [f"run-{index}" for index in range(total)]
    assert len(http.requests) == total // limit + 1


async def test_an_unreadable_run_counts_for_the_offset_of_the_next_page() -> None:
    connector, _ = arcee("arcee/executions_one_unreadable.200.json")

    page = await connector.list_executions(FLOW, ExecutionQuery(limit=2), None)

    assert [one.native_id for one in runs_of(page)] == [SEED.execution]
    assert [(one.native_id, one.reason.split(":")[0]) for one in unreadable_of(page)] == [
        ("run-unreadable", "not an RFC 3339 time with a zone")
    ]
    assert page.next_cursor == "2"


# steps


async def test_the_documented_step_is_read_field_by_field() -> None:
    connector, http = arcee("arcee/steps.200.json")
    owner = run()

    (step,) = steps_of(await connector.list_steps([owner]), owner)

    assert http.request == Request(path=f"/workflows/{FLOW}/runs/run-1/steps")
    assert isinstance(step, ArceeStep)
    assert step.native_id == step.place == "b2acc986-af06-418a-bf71-c730d5ghaf0b", "no UUID, and taken as it is"
    assert (step.source, step.run) == ("llm", owner.key)
    assert (step.name, step.node_id) == ("model", "model")
    assert (step.status, step.raw_status) == (S.SUCCEEDED, "completed")
    assert step.started_at is not None and step.started_at.text == "2025-03-13T02:41:15.144470Z"
    assert step.ended_at is not None and step.ended_at.text == "2025-03-13T02:41:17.382162Z"
    assert (step.duration_ms, step.elapsed_seconds) == (2237.692, 2)
    assert (step.user_id, step.organization_id) == ("user-1", "org-1")
    assert (step.step_metadata, step.tokens, step.error) == (None, 0, None)
    assert step.output is not None and json.loads(bytes(step.output))["object"] == "chat.completion"
    assert step.input is not None and json.loads(bytes(step.input))["model"] == "auto"
    assert step.approximate is False


async def test_steps_come_in_the_order_of_their_start_and_those_that_wait_come_last() -> None:
    connector, _ = arcee("arcee/steps_unsorted.200.json")
    owner = run()

    first, second, last = steps_of(await connector.list_steps([owner]), owner)

    assert [first.place, second.place, last.place] == ["step-1", "step-2", "step-3"]
    assert first.name == second.name == "model", "a node's name repeats in loops"
    assert (second.status, second.raw_status) == (S.FAILED, "completed")
    assert second.error == ExecutionError("upstream timeout", "E504")
    assert isinstance(second, ArceeStep)
    assert second.tokens == 12
    assert second.step_metadata is not None and json.loads(bytes(second.step_metadata)) == {"cost": 1}
    assert (last.status, last.started_at) == (S.QUEUED, None)


async def test_a_tenant_without_steps_gives_approximate_ones_made_of_the_outputs() -> None:
    """`all_outputs` has the inputs mixed in, which are no steps."""
    connector, _ = arcee("arcee/missing.404.json")
    record = json.loads(sample("arcee/runs_seed.200.json").body)[0]
    owner = read_run(Raw(json.dumps(record).encode()), "llm", FLOW)

    (step,) = steps_of(await connector.list_steps([owner]), owner)

    assert isinstance(step, ArceeStep)
    assert (step.name, step.node_id, step.place, step.native_id) == ("model", "model", "model", None)
    assert (step.status, step.raw_status, step.approximate) == (S.UNKNOWN, "", True)
    assert (step.started_at, step.ended_at, step.duration_ms) == (None, None, None)
    assert step.output is not None and json.loads(bytes(step.output)) == record["outputs"]


@pytest.mark.parametrize("outputs", [None, Raw(b'"text"'), Raw(b"[1]"), Raw(b'{"\xff":1}')])
async def test_a_tenant_without_steps_and_outputs_to_make_them_of_gives_none(outputs: Raw | None) -> None:
    connector, _ = arcee("arcee/missing.404.json")
    owner = run(all_outputs=outputs)

    assert steps_of(await connector.list_steps([owner]), owner) == ()


async def test_steps_that_cannot_be_had_are_the_trouble_of_their_run_only() -> None:
    connector, _ = arcee(lambda request: answer({}, 500) if "run-2" in request.path else "arcee/steps.200.json")
    first, second = run("run-1"), run("run-2")

    found = await connector.list_steps([first, second])

    assert len(steps_of(found, first)) == 1
    assert isinstance(found[second.key], UnreachableError)


# workflows


async def test_workflows_are_listed_with_their_names() -> None:
    connector, http = arcee("arcee/workflows.200.json")

    (flow,) = await connector.workflows()

    assert http.request == Request(path="/workflows")
    assert (flow.source, flow.provider, flow.native_id, flow.name) == ("llm", "ARCEE", FLOW, "Weather jokes")


# errors


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"detail":"No such workflow"}', "HTTP 400: No such workflow"),
        (b'{"detail":["one","two"]}', "HTTP 400: one; two"),
        (b'{"detail":[{"loc":["query","limit"],"msg":"too large","type":"value_error"}]}', "HTTP 400: too large"),
        (b'{"detail":[],"error":"second choice"}', "HTTP 400: second choice"),
        (b'{"error":"in error","message":"in message"}', "HTTP 400: in error"),
        (b'{"message":"in message"}', "HTTP 400: in message"),
        (b"raw  text\n", "HTTP 400: raw text"),
        (b"<html>proxy</html>", "HTTP 400"),
        (b'{"detail":{"prompt":"personal"}}', "HTTP 400"),
        (b'{"detail":"\xff"}', "HTTP 400"),
        (b"{}", "HTTP 400"),
        (b"", "HTTP 400"),
        (b"x" * 5000, f"HTTP 400: {'x' * 300}…"),
    ],
)
async def test_an_error_is_read_from_whichever_member_has_it(body: bytes, message: str) -> None:
    connector, _ = arcee(answer(body, 400))

    with pytest.raises(UnsupportedError) as caught:
        await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert caught.value.message == message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, UnsupportedError),
        (401, RefusedError),
        (404, MissingError),
        (429, ThrottledError),
        (500, UnreachableError),
        (503, UnreachableError),
    ],
)
async def test_each_status_code_says_what_to_do(status: int, kind: type[ConnectorError]) -> None:
    connector, _ = arcee(answer(b"Unauthorized", status, {"retry-after": "3"}))

    with pytest.raises(ConnectorError) as caught:
        await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert type(caught.value) is kind
    assert caught.value.message == f"HTTP {status}: Unauthorized"
    assert caught.value.retry_after == (3.0 if status in (429, 500, 503) else None)


async def test_an_error_that_is_no_utf8_makes_its_run_unreadable_and_no_more() -> None:
    connector, _ = arcee(lambda _: answer(b'[{"id":"run-1","error":"\xff"}]'))

    page = await connector.list_executions(FLOW, ExecutionQuery(), None)
    got = await connector.get_executions([NativeId(FLOW, "run-1")])

    assert (runs_of(page), len(unreadable_of(page))) == ([], 1)
    assert isinstance(got[NativeId(FLOW, "run-1")], UnreadableError)


# joined


@pytest.mark.parametrize("header", ["Authorization", "Authentication"])
async def test_a_source_sends_its_token_in_the_header_of_its_settings(header: str) -> None:
    http = Replay("arcee/executions_none.200.json")
    opened = Opened(http)
    settings = ArceeSettings(provider="arcee", api_token=Secret("arcee-token"), auth_header=header)

    await connect("llm", settings, opened).list_executions(FLOW, ExecutionQuery(), None)

    assert opened.urls == ["https://orchestra.arcee.ai/api/v1/workflow"]
    assert http.request.headers == (("Accept", "application/json"), (header, "Bearer arcee-token"))
