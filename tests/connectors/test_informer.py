"""Entrinsik Informer: a pair of stamps for a duration, flags for a state, a true total, steps inside the record."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

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
from connectors.http.client import Request
from connectors.http.status import StatusChecked
from connectors.providers.informer import Informer, InformerSettings, connect
from connectors.providers.informer.records import InformerExecution, InformerStep, read_history, read_problem
from schema.identity import NativeId
from schema.model import ExecutionError, ExecutionOrder, ExecutionStatus, Workflow
from tests.connectors.replay import SAMPLES, Opened, Replay, answer, sample, steps_of
from tests.connectors.rows import runs_of

S = ExecutionStatus
JOB = "550e8400-e29b-41d4-a716-446655440000"
SEED = NativeId(JOB, "history-abc-123")
HAL = (("Accept", "application/hal+json, application/json"),)
START, END = "2024-02-09T08:00:00Z", "2024-02-09T08:00:15Z"


def informer(*answers: Any) -> tuple[Informer, Replay]:
    http = Replay(*answers)
    return Informer("reports", StatusChecked(http, read_problem)), http


def read(**fields: Any) -> InformerExecution:
    """A record with these fields beside its ids."""
    return read_history(Raw(json.dumps({"id": "history-1", "jobId": JOB} | fields).encode()), "reports")


def shown(name: str) -> InformerExecution:
    """A sample of one record."""
    return read_history(Raw(sample(name).body), "reports")


def told_by(run: InformerExecution) -> list[InformerStep]:
    """The steps that came with it."""
    return [step for step in run.told.steps if isinstance(step, InformerStep)]


# records


async def test_the_record_of_the_seeds_list_says_all_that_is_in_it() -> None:
    connector, _ = informer("informer/history_list.200.json")

    page = await connector.list_executions(JOB, ExecutionQuery(limit=30), None)

    (found,) = runs_of(page)
    assert isinstance(found, InformerExecution)
    assert (found.source, found.provider, found.key) == ("reports", "INFORMER", SEED)
    assert (found.status, found.raw_status) == (S.SUCCEEDED, "success=true,warnings=false")
    assert found.started_at is not None and found.started_at.text == START
    assert found.ended_at is not None and found.ended_at.text == END
    assert (found.elapsed_ns, found.duration_ms) == (15_000_000_000, 15_000.0)
    assert (found.owner_id, found.success, found.warnings) == ("team:analytics", True, False)
    assert found.data == Raw(b"{}")
    assert found.created_at == found.started_at
    assert found.error is None
    (step,) = told_by(found)
    assert (step.task_key, step.result_key, step.success) == ("job:progress.invoking_job", "job:status.success", True)
    assert (page.total, page.next_cursor) == (150, "1"), "count tells how many rows there are, not limit"


async def test_the_same_record_in_detail_has_one_more_step_and_their_words() -> None:
    connector, http = informer("informer/history_detail.200.json")

    found = (await connector.get_executions([SEED]))[SEED]

    assert http.request == Request(path=f"/api/jobs/{JOB}/history/history-abc-123", headers=HAL)
    assert isinstance(found, InformerExecution)
    invoking, mail = told_by(found)
    assert (invoking.status, invoking.raw_status) == (S.SUCCEEDED, "success")
    assert (invoking.name, invoking.type) == ("job:progress.invoking_job", "job:progress.invoking_job")
    assert (invoking.task_opts, invoking.message) == (None, None)
    assert (mail.source, mail.run, mail.place, mail.native_id) == ("reports", SEED, "1", None)
    assert (mail.name, mail.type, mail.task_key) == ("Send Summary Email", *["job:actions.send_email"] * 2)
    assert mail.task_opts is not None and json.loads(bytes(mail.task_opts)) == {"name": "Send Summary Email"}
    assert (mail.message, mail.result_key, mail.success) == ("Email sent to 3 recipients", None, True)
    assert (mail.started_at, mail.ended_at, mail.duration_ms, mail.error) == (None, None, None, None)


def test_a_run_with_warnings_has_succeeded_with_warnings() -> None:
    found = shown("informer/history_with_warnings.200.json")
    assert (found.status, found.raw_status) == (S.SUCCEEDED_WITH_WARNINGS, "success=true,warnings=true")
    assert found.duration_ms == 9250.0
    assert found.started_at is not None and found.started_at.text == "2024-02-10T08:00:00.000Z"
    assert [step.status for step in found.told.steps] == [S.SUCCEEDED, S.SUCCEEDED_WITH_WARNINGS]
    assert found.error is None


def test_a_failed_run_has_the_error_of_the_step_that_failed() -> None:
    found = shown("informer/history_failed.200.json")
    error = ExecutionError("Mail server refused the connection")
    assert (found.status, found.raw_status) == (S.FAILED, "success=false,warnings=false")
    assert (found.error, found.told.steps[0].error, found.told.steps[0].status) == (error, error, S.FAILED)
    assert found.duration_ms == 1004.0


@pytest.mark.parametrize(
    ("success", "warnings", "has_ended", "status", "raw"),
    [
        (True, True, True, S.SUCCEEDED_WITH_WARNINGS, "success=true,warnings=true"),
        (True, False, True, S.SUCCEEDED, "success=true,warnings=false"),
        (True, None, False, S.SUCCEEDED, "success=true,warnings=null"),
        (False, False, True, S.FAILED, "success=false,warnings=false"),
        (False, True, True, S.FAILED, "success=false,warnings=true"),
        (False, False, False, S.RUNNING, "success=false,warnings=false"),
        (None, None, False, S.RUNNING, "success=null,warnings=null"),
        (None, None, True, S.UNKNOWN, "success=null,warnings=null"),
    ],
)
def test_the_state_follows_from_flags_and_the_second_stamp(
    success: bool | None, warnings: bool | None, has_ended: bool, status: ExecutionStatus, raw: str
) -> None:
    found = read(success=success, warnings=warnings, duration=[START, END] if has_ended else [START])
    assert (found.status, found.raw_status) == (status, raw)


@pytest.mark.parametrize(
    ("duration", "started_at", "ended_at"),
    [
        ([START, END], START, END),
        ([START, None], START, None),
        ([START], START, None),
        ([None, END], "2024-02-09T07:59:59.5Z", END),
        ([], "2024-02-09T07:59:59.5Z", None),
        (None, "2024-02-09T07:59:59.5Z", None),
    ],
)
def test_the_pair_of_stamps_may_lack_either_and_the_record_was_made_about_the_start(
    duration: list[str | None] | None, started_at: str, ended_at: str | None
) -> None:
    found = read(duration=duration, createdAt="2024-02-09T07:59:59.5Z")
    assert found.started_at is not None and found.started_at.text == started_at
    assert (None if found.ended_at is None else found.ended_at.text) == ended_at


def test_a_record_needs_nothing_but_its_ids() -> None:
    found = read()
    assert (found.status, found.started_at, found.told.steps, found.data) == (S.RUNNING, None, (), None)


# steps


@pytest.mark.parametrize(
    ("result", "status", "raw"),
    [
        ({"status": "success"}, S.SUCCEEDED, "success"),
        ({"status": "warning", "success": True}, S.SUCCEEDED_WITH_WARNINGS, "warning"),
        ({"status": "error", "success": False}, S.FAILED, "error"),
        ({"status": "shrug", "success": True}, S.UNKNOWN, "shrug"),
        ({"success": True}, S.SUCCEEDED, "success=true"),
        ({"success": False}, S.FAILED, "success=false"),
        ({}, S.UNKNOWN, "success=null"),
    ],
)
def test_a_steps_state_is_its_word_or_else_its_flag(result: object, status: ExecutionStatus, raw: str) -> None:
    (step,) = read(progress=[{"task": {"key": "k"}, "result": result}]).told.steps
    assert (step.status, step.raw_status) == (status, raw)


@pytest.mark.parametrize(
    ("duration", "status"), [([START], S.RUNNING), ([START, END], S.UNKNOWN)], ids=["running", "over"]
)
def test_a_step_without_a_result_runs_while_its_run_does(duration: list[str], status: ExecutionStatus) -> None:
    (step,) = read(duration=duration, success=None, progress=[{"task": {"key": "k"}}]).told.steps
    assert step.status is status


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ({"key": "job:actions.send_email", "opts": {"name": "Send"}}, "Send"),
        ({"key": "job:actions.send_email", "opts": {"name": None}}, "job:actions.send_email"),
        ({"key": "job:actions.send_email", "opts": {"name": 7}}, "job:actions.send_email"),
        ({"key": "job:actions.send_email", "opts": "text"}, "job:actions.send_email"),
        ({"key": "job:actions.send_email"}, "job:actions.send_email"),
        ({}, "#0"),
    ],
)
def test_a_step_is_called_by_its_option_or_else_by_its_key(task: object, name: str) -> None:
    (step,) = read(progress=[{"task": task}]).told.steps
    assert step.name == name


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ({"message": "in words", "key": "job:status.error", "success": False}, ExecutionError("in words")),
        ({"key": "job:status.error", "success": False}, ExecutionError("job:status.error")),
        ({"success": False}, None),
        ({"message": "went well", "success": True}, None),
    ],
)
def test_a_failed_steps_error_is_its_message_or_its_key(result: object, error: ExecutionError | None) -> None:
    (step,) = read(progress=[{"task": {"key": "k"}, "result": result}]).told.steps
    assert step.error == error


async def test_steps_of_a_list_are_asked_for_again_as_it_shows_a_shorter_form() -> None:
    connector, http = informer("informer/history_list.200.json", "informer/history_detail.200.json")
    (listed,) = runs_of(await connector.list_executions(JOB, ExecutionQuery(), None))

    steps = steps_of(await connector.list_steps([listed]), listed)

    assert [step.name for step in steps] == ["job:progress.invoking_job", "Send Summary Email"]
    assert http.requests[1].path == f"/api/jobs/{JOB}/history/history-abc-123"


async def test_steps_that_came_in_full_cost_no_call() -> None:
    connector, http = informer()
    got = shown("informer/history_failed.200.json")

    found = await connector.list_steps([got])

    assert [step.name for step in steps_of(found, got)] == ["Send Summary Email"]
    assert found[got.key].run_error == got.error  # type: ignore[union-attr]
    assert http.requests == []


async def test_a_run_that_was_deleted_meanwhile_has_no_steps_and_spoils_none() -> None:
    first, gone, broken = read(id="h-1"), read(id="h-gone"), read(id="h-broken")
    answers = {"h-gone": "informer/missing.404.json", "h-broken": answer({}, 500)}
    connector, _ = informer(
        lambda request: answers.get(request.path.rsplit("/", 1)[1], "informer/history_detail.200.json")
    )

    found = await connector.list_steps([first, gone, broken])

    assert len(steps_of(found, first)) == 2
    assert gone.key not in found
    assert isinstance(found[broken.key], UnreachableError)


# lists


@pytest.mark.parametrize(
    ("order", "sort"),
    [(ExecutionOrder.STARTED_AT_DESC, "-createdAt"), (ExecutionOrder.STARTED_AT_ASC, "createdAt")],
)
async def test_a_list_is_sorted_by_the_server_either_way(order: ExecutionOrder, sort: str) -> None:
    connector, http = informer("informer/executions_none.200.json")

    page = await connector.list_executions(JOB, ExecutionQuery(order=order, limit=30), "30")

    assert http.request == Request(
        path=f"/api/jobs/{JOB}/history", params=(("sort", sort), ("limit", "30"), ("start", "30")), headers=HAL
    )
    assert (runs_of(page), page.next_cursor, page.total) == ([], None, 0)


async def test_a_natural_id_is_one_segment_and_the_record_names_the_job_itself() -> None:
    connector, http = informer("informer/history_list.200.json")

    (found,) = runs_of(await connector.list_executions("analytics:daily-sales/report", ExecutionQuery(), None))

    assert http.request.path == "/api/jobs/analytics%3Adaily-sales%2Freport/history"
    assert found.key.workflow == JOB


async def test_no_condition_is_ever_sent() -> None:
    connector, http = informer("informer/executions_none.200.json")

    await connector.list_executions(
        JOB, ExecutionQuery(statuses=frozenset({S.FAILED}), started=Range(1, 2), error_contains="mail"), None
    )

    assert [name for name, _ in http.request.params] == ["sort", "limit", "start"]
    assert connector.capabilities.pushes_down == frozenset()


@pytest.mark.parametrize(
    ("name", "cursor", "following"),
    [
        ("informer/history_list.200.json", None, "1"),
        ("informer/history_list.200.json", "148", "149"),
        ("informer/history_last_page.200.json", "149", None),
        ("informer/history_past_the_end.200.json", "150", None),
        ("informer/executions_none.200.json", None, None),
    ],
)
async def test_the_total_tells_whether_there_is_more(name: str, cursor: str | None, following: str | None) -> None:
    connector, _ = informer(name)

    page = await connector.list_executions(JOB, ExecutionQuery(limit=30), cursor)

    assert page.next_cursor == following


@given(total=st.integers(0, 20), served=st.integers(1, 7))
async def test_pages_put_end_to_end_are_the_whole_list_however_few_rows_are_served(total: int, served: int) -> None:
    """The server's own limit may be below the one asked for."""
    everything = [{"id": f"h-{index}", "jobId": JOB} for index in range(total)]

    def rule(request: Request) -> Any:
        start = int(dict(request.params)["start"])
        rows = everything[start : start + served]
        return answer({
            "_embedded": {"inf:job-history": rows}, "start": start, "count": len(rows), "total": total
        })  # fmt: skip

    connector, _ = informer(rule)
    found, cursor = [], None
    while True:
        page = await connector.list_executions(JOB, ExecutionQuery(limit=30), cursor)
        found += [one.native_id for one in runs_of(page)]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert found == [f"h-{index}" for index in range(total)]


# jobs


async def test_jobs_are_listed_with_names_and_natural_ids() -> None:
    connector, http = informer("informer/jobs_list.200.json")

    assert await connector.workflows() == [
        Workflow(
            source="reports",
            provider="INFORMER",
            native_id=JOB,
            name="Daily Sales Report",
            aliases=("analytics:daily-sales-report",),
        ),
        Workflow(
            source="reports",
            provider="INFORMER",
            native_id="550e8400-e29b-41d4-a716-446655440001",
            name="No natural id",
        ),
    ]
    assert http.request == Request(path="/api/jobs-list")


# deletion


async def test_a_record_is_deleted_by_both_its_ids_and_never_sent_again_by_itself() -> None:
    connector, http = informer(answer(b"", 204))

    assert await connector.delete_execution(NativeId("analytics:daily", "history/1")) is True
    assert http.request.method == "DELETE"
    assert http.request.path == "/api/jobs/analytics%3Adaily/history/history%2F1"
    assert http.request.is_read is False


async def test_a_second_deletion_finds_nothing() -> None:
    connector, _ = informer("informer/missing.404.json")

    assert await connector.delete_execution(SEED) is False


async def test_a_deletion_without_the_right_is_refused() -> None:
    connector, _ = informer(answer({"statusCode": 403, "error": "Forbidden", "message": "Needs job:edit"}, 403))

    with pytest.raises(ForbiddenError, match="HTTP 403: Needs job:edit"):
        await connector.delete_execution(SEED)


# errors


async def test_the_documented_error_is_read() -> None:
    connector, _ = informer("informer/error_hapi.400.json")

    with pytest.raises(UnsupportedError) as caught:
        await connector.list_executions(JOB, ExecutionQuery(), None)

    assert caught.value.message == "HTTP 400: Invalid request query input"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, UnsupportedError),
        (401, RefusedError),
        (403, ForbiddenError),
        (404, MissingError),
        (429, ThrottledError),
        (502, UnreachableError),
        (301, UnreadableError),
    ],
)
async def test_each_status_code_says_what_to_do(status: int, kind: type[ConnectorError]) -> None:
    connector, _ = informer(answer({"statusCode": status, "error": "", "message": ""}, status))

    with pytest.raises(ConnectorError) as caught:
        await connector.list_executions(JOB, ExecutionQuery(), None)

    assert type(caught.value) is kind


@pytest.mark.parametrize("status", [200, 302, 303])
async def test_a_login_page_in_place_of_json_means_that_the_token_was_not_accepted(status: int) -> None:
    page = (SAMPLES / "informer/login_page.200.html").read_bytes()
    connector, _ = informer(answer(page, status, {"location": "/login"}))

    with pytest.raises(RefusedError, match="login page") as caught:
        await connector.list_executions(JOB, ExecutionQuery(), None)

    assert caught.value.http_status == status


@pytest.mark.parametrize(
    "record",
    [
        b'{"id":"h","jobId":"j","progress":[{"task":{"key":"k","opts":{"name":"\xff"}}}]}',
        b'{"id":"h","jobId":"j","progress":[{"result":{"message":"\xff"}}]}',
        b'{"id":"h","jobId":"j","duration":"15s"}',
        b'{"id":"h"}',
        b"[]",
    ],
)
async def test_a_record_that_cannot_be_read_is_an_error_of_its_key(record: bytes) -> None:
    connector, _ = informer(answer(record))
    key = NativeId("j", "h")

    found = await connector.get_executions([key])

    assert isinstance(found[key], UnreadableError)


# joined


async def test_a_source_sends_its_token_and_trusts_the_authorities_of_its_settings() -> None:
    http = Replay("informer/executions_none.200.json")
    opened = Opened(http)
    settings = InformerSettings(
        provider="informer",
        base_url="https://informer.example.com",
        api_token=Secret("informer-token"),
        ca_bundle="authorities.pem",
    )

    await connect("reports", settings, opened).list_executions(JOB, ExecutionQuery(), None)

    assert (opened.urls, opened.ca_bundles) == (["https://informer.example.com"], ["authorities.pem"])
    assert http.request.headers == (*HAL, ("Authorization", "Bearer informer-token"))
