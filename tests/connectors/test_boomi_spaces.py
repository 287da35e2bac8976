"""Boomi by Spaces GraphQL: one request for all states of one process, tokens of five minutes, no pages and no steps."""

import json
from typing import Any

import pytest

from connectors.contract import ExecutionQuery, Range
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
from connectors.http.breaker import LEAST, Breaker
from connectors.http.budget import RetryBudget
from connectors.http.client import Request
from connectors.http.retry import Retrying
from connectors.http.status import StatusChecked
from connectors.providers.boomi import THROTTLING, connect
from connectors.providers.boomi.records import BoomiExecution, read_problem
from connectors.providers.boomi.settings import BoomiSettings
from connectors.providers.boomi.spaces import BoomiSpaces, JwtExchange
from schema.identity import NativeId
from schema.model import ExecutionError, ExecutionStatus
from tests.connectors.http.fakes import FakeClock
from tests.connectors.replay import Opened, Replay, answer, body_sent, ns, sample
from tests.connectors.rows import runs_of

S = ExecutionStatus
PROCESS = "dbb98f81-6914-43a2-b03f-594506940dd5"
SEED = NativeId(PROCESS, "execution-73bca62e-7bf4-4c22-bcd9-26b3ec224f37-2023.04.23")
SETTINGS = BoomiSettings(
    provider="boomi",
    account_id="account-123456",
    username="BOOMI_TOKEN.ops@example.com",
    api_token=Secret("0000-token"),
    mode="spaces",
    space_guid="space-1",
    workflow_ids=(PROCESS,),
)
NOW = ns("2023-05-01T12:00:00.5Z")
JWT = "eyJhbGciOiJub25lIn0.e30.c2ln"


def spaces(*answers: Any) -> tuple[BoomiSpaces, Replay]:
    http = Replay(*answers)
    return BoomiSpaces("boomi-eu", StatusChecked(http, read_problem, THROTTLING), SETTINGS, now=lambda: NOW), http


def words_sent(request: Request) -> list[str]:
    """The states that a request asks for, each checked to stand as alias and as bare enum word."""
    fields = body_sent(request)["query"].split("executionHistory(input: ")
    words = [field.split("status: ")[1].split("}")[0] for field in fields[1:]]
    assert [f" {word}:" for word in words] == [" " + field.split()[-1] for field in fields[:-1]]
    return words


async def test_the_documented_answer_is_read_with_the_process_and_the_end_filled_in() -> None:
    """The answer names neither; its numbers come as the pair of a type and a text."""
    documented = json.loads(sample("boomi/spaces/documented_sample.200.json").body)
    connector, _ = spaces(answer({"data": {"ERROR": documented["data"]["executionHistory"]}}))

    page = await connector.list_executions(PROCESS, ExecutionQuery(), None)

    (found,) = runs_of(page)
    assert isinstance(found, BoomiExecution)
    message = "No data produced from map 'mapTest', please check source profile and make sure it matches source data."
    assert (found.key, found.process_id) == (SEED, PROCESS)
    assert (found.status, found.raw_status, found.error) == (S.FAILED, "ERROR", ExecutionError(message))
    assert found.execution_type == "exec_sched"
    assert found.workflow_name == "PaginationIpack14 - Thu Apr 20 2023 -Process"
    assert (found.inbound_document_count, found.inbound_error_document_count) == (1, 1)
    assert found.outbound_document_count == 0
    assert (found.inbound_document_size, found.outbound_document_size) == (0, 0)
    assert found.duration_ns == 5_816_000_000
    assert found.started_at is not None and found.started_at.text == "2023-04-23T18:30:00Z"
    assert found.ended_at is not None and found.ended_at.text == "2023-04-23T18:30:05.816Z"
    assert page.next_cursor is None


async def test_nulls_of_graphql_are_fields_without_a_value() -> None:
    connector, _ = spaces("boomi/spaces/executions_two_states.200.json")

    page = await connector.list_executions(PROCESS, ExecutionQuery(), None)

    assert {run.raw_status for run in runs_of(page)} == {"COMPLETE", "ERROR"}
    complete = next(run for run in runs_of(page) if run.raw_status == "COMPLETE")
    assert isinstance(complete, BoomiExecution)
    assert (complete.message, complete.original_execution_id, complete.error) == (None, None, None)
    assert (complete.account, complete.atom_name) == ("account-123456", "Runtime 1")


async def test_one_request_asks_for_all_seven_states_since_before_the_oldest_kept() -> None:
    connector, http = spaces("boomi/spaces/executions_none.200.json")

    page = await connector.list_executions(PROCESS, ExecutionQuery(), None)

    assert (http.request.method, http.request.path) == ("POST", "")
    assert http.request.headers == (("Accept", "application/json"), ("Content-Type", "application/json"))
    assert words_sent(http.request) == [
        "ABORTED", "COMPLETE", "COMPLETE_WARN", "DISCARDED", "ERROR", "INPROCESS", "STARTED"
    ]  # fmt: skip
    assert body_sent(http.request)["variables"] == {"process": PROCESS, "since": "2023-03-31T12:00:00Z"}
    assert (runs_of(page), page.next_cursor) == ([], None)


async def test_the_request_is_graphql_with_the_fields_of_the_documented_page() -> None:
    connector, http = spaces("boomi/spaces/executions_none.200.json")

    await connector.list_executions(PROCESS, ExecutionQuery(statuses=frozenset({S.FAILED})), None)

    query = " ".join(body_sent(http.request)["query"].split())
    assert query == (
        "query executionHistory($process: ID!, $since: DateTime!) { "
        "ERROR: executionHistory(input: {processId: $process, executionTime: $since, status: ERROR}) "
        "{executionId originalExecutionId account executionTime status executionType processName atomName atomId "
        "inboundDocumentCount inboundErrorDocumentCount outboundDocumentCount executionDuration message "
        "inboundDocumentSize outboundDocumentSize} }"
    )


async def test_the_start_is_a_lower_bound_in_whole_seconds() -> None:
    connector, http = spaces("boomi/spaces/executions_none.200.json")

    await connector.list_executions(
        PROCESS, ExecutionQuery(started=Range(ns("2023-04-23T18:30:00.999Z"), ns("2023-04-24T00:00:00Z"))), None
    )

    assert body_sent(http.request)["variables"]["since"] == "2023-04-23T18:30:00Z"


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ({S.RUNNING}, ["INPROCESS", "STARTED"]),
        ({S.SUCCEEDED}, ["COMPLETE"]),
        ({S.SUCCEEDED_WITH_WARNINGS, S.FAILED}, ["COMPLETE_WARN", "ERROR"]),
        ({S.ABORTED}, ["ABORTED"]),
        ({S.DISCARDED, S.PAUSED}, ["DISCARDED"]),
    ],
)
async def test_only_states_that_spaces_knows_are_asked_for(statuses: set[ExecutionStatus], words: list[str]) -> None:
    connector, http = spaces("boomi/spaces/executions_none.200.json")

    await connector.list_executions(PROCESS, ExecutionQuery(statuses=frozenset(statuses)), None)

    assert words_sent(http.request) == words


@pytest.mark.parametrize("status", [S.QUEUED, S.PAUSED, S.CANCELED, S.UNKNOWN])
async def test_states_that_spaces_does_not_know_cost_no_call(status: ExecutionStatus) -> None:
    connector, http = spaces()

    page = await connector.list_executions(PROCESS, ExecutionQuery(statuses=frozenset({status})), None)

    assert (list(runs_of(page)), http.requests) == ([], [])
    assert status not in connector.capabilities.statuses


async def test_a_run_is_looked_up_in_the_list_since_the_day_before_its_id_tells() -> None:
    connector, http = spaces("boomi/spaces/executions_two_states.200.json")

    found = await connector.get_executions([SEED])

    assert isinstance(found[SEED], BoomiExecution)
    assert body_sent(http.request)["variables"] == {"process": PROCESS, "since": "2023-04-22T00:00:00Z"}


@pytest.mark.parametrize("native_id", ["execution-x-2023.13.45", "execution-x-0000.01.01", "whatever"])
async def test_a_run_whose_id_ends_in_no_day_is_looked_up_in_the_whole_list(native_id: str) -> None:
    connector, http = spaces("boomi/spaces/executions_two_states.200.json")

    assert await connector.get_executions([NativeId(PROCESS, native_id)]) == {}
    assert body_sent(http.request)["variables"]["since"] == "2023-03-31T12:00:00Z"


async def test_there_are_no_steps_and_that_is_said_without_a_call() -> None:
    connector, http = spaces()
    run = BoomiExecution(source="boomi-eu", key=SEED, status=S.FAILED, raw_status="ERROR")

    found = await connector.list_steps([run])

    assert isinstance(found[SEED], UnsupportedError)
    assert http.requests == []


async def test_the_workflows_are_those_of_the_settings_and_have_no_names_yet() -> None:
    connector, http = spaces()

    assert [(flow.native_id, flow.name) for flow in await connector.workflows()] == [(PROCESS, None)]
    assert http.requests == []


# errors


async def test_a_graphql_error_is_told_with_its_code() -> None:
    connector, _ = spaces("boomi/spaces/space_not_found.200.json")

    with pytest.raises(MissingError, match="Spaces: SPACE_NOT_FOUND: Space not found"):
        await connector.list_executions(PROCESS, ExecutionQuery(), None)


async def test_an_answer_with_an_error_in_one_part_is_no_answer() -> None:
    """A list that leaves out a state is a wrong list."""
    connector, _ = spaces("boomi/spaces/error_in_part.200.json")

    with pytest.raises(UnreachableError, match="Spaces: PLATFORM_CALL_ERROR: Platform call failed"):
        await connector.list_executions(PROCESS, ExecutionQuery(), None)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UNAUTHORIZED", RefusedError),
        ("INVALID_AUTH_METHOD", RefusedError),
        ("FORBIDDEN", ForbiddenError),
        ("SPACE_NOT_FOUND", MissingError),
        ("PLATFORM_CALL_ERROR", UnreachableError),
        ("GENERIC_SYSTEM_ERROR", UnreachableError),
        ("INTERNAL_ERROR", UnreachableError),
        ("GRAPHQL_VALIDATION_FAILED", UnsupportedError),
        ("", UnsupportedError),
    ],
)
async def test_each_code_says_what_to_do(code: str, kind: type[ConnectorError]) -> None:
    connector, _ = spaces(answer({"errors": [{"message": "no", "extensions": {"code": code}}]}))

    with pytest.raises(ConnectorError) as caught:
        await connector.list_executions(PROCESS, ExecutionQuery(), None)

    assert type(caught.value) is kind


async def test_an_error_that_may_pass_is_tried_again_although_its_status_is_good() -> None:
    http = Replay("boomi/spaces/error_in_part.200.json", "boomi/spaces/executions_two_states.200.json")
    budget = RetryBudget(price=1)
    budget.earn()
    layers = Retrying(StatusChecked(http, read_problem, THROTTLING), "boomi-eu", budget, sleep=FakeClock().sleep)

    page = await BoomiSpaces("boomi-eu", layers, SETTINGS, now=lambda: NOW).list_executions(
        PROCESS, ExecutionQuery(), None
    )

    assert runs_of(page)
    assert len(http.requests) == 2


async def test_errors_of_the_platform_count_as_those_of_a_source_that_fails() -> None:
    http = Replay(*["boomi/spaces/error_in_part.200.json"] * LEAST)
    breaker = Breaker(StatusChecked(http, read_problem, THROTTLING), "boomi-eu")
    connector = BoomiSpaces("boomi-eu", breaker, SETTINGS, now=lambda: NOW)

    for _ in range(LEAST):
        with pytest.raises(UnreachableError):
            await connector.list_executions(PROCESS, ExecutionQuery(), None)

    assert breaker.is_open


async def test_bursts_are_throttled_by_429() -> None:
    connector, _ = spaces(answer({"message": "slow down"}, 429))

    with pytest.raises(ThrottledError, match="HTTP 429: slow down"):
        await connector.list_executions(PROCESS, ExecutionQuery(), None)


# tokens


async def test_a_token_is_fetched_with_the_basic_pair_and_sent_with_the_space() -> None:
    http = Replay(answer(JWT.encode()), lambda _: "boomi/spaces/executions_none.200.json")
    opened = Opened(http)
    connector = connect("boomi-eu", SETTINGS, opened)

    await connector.list_executions(PROCESS, ExecutionQuery(), None)
    await connector.list_executions(PROCESS, ExecutionQuery(), None)

    assert isinstance(connector, BoomiSpaces)
    assert opened.urls == ["https://api.boomi.com", "https://platform.boomi.com/graphql"]
    exchange, *asked = http.requests
    assert exchange == Request(
        path="/auth/jwt/generate/account-123456",
        headers=(
            ("Accept", "*/*"),
            ("Authorization", "Basic Qk9PTUlfVE9LRU4ub3BzQGV4YW1wbGUuY29tOjAwMDAtdG9rZW4="),
        ),
    )
    assert len(asked) == 2
    for request in asked:
        assert dict(request.headers)["Authorization"] == f"Bearer {JWT}"
        assert dict(request.headers)["SPACE_GUID"] == "space-1"


async def test_a_token_that_ended_early_is_renewed_once() -> None:
    renewed = answer(f'"{JWT}2"'.encode())
    http = Replay(answer(JWT.encode()), answer({}, 401), renewed, "boomi/spaces/executions_none.200.json")
    connector = connect("boomi-eu", SETTINGS, Opened(http))

    await connector.list_executions(PROCESS, ExecutionQuery(), None)

    assert [dict(request.headers)["Authorization"] for request in http.requests[1::2]] == [
        f"Bearer {JWT}",
        f"Bearer {JWT}2",
    ]


async def test_a_token_lives_for_five_minutes() -> None:
    token = await JwtExchange(Replay(answer(f"{JWT}\n".encode())), "a")()
    assert (token.value.reveal(), token.lives) == (JWT, 300.0)


@pytest.mark.parametrize(
    "body", [b"", b"<html>sign in</html>", b"one two", b"a.b\r\nX-Evil: 1.c", b'{"token":"a.b.c"}']
)
async def test_what_is_no_token_is_not_sent_as_one(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="not a JWT"):
        await JwtExchange(Replay(answer(body)), "a")()
