"""Yandex Workflows: nanoseconds, JSON in strings, one predicate at most, a history without pages, three credentials."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
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
from connectors.http.status import StatusChecked
from connectors.providers.yandex import Yandex, YandexSettings, connect
from connectors.providers.yandex.iam import AUDIENCE, IamExchange
from connectors.providers.yandex.records import (
    ENTRY,
    YandexExecution,
    YandexStep,
    read_duration,
    read_execution,
    read_status_body,
    read_step,
)
from schema.identity import NativeId
from schema.model import ExecutionError, ExecutionOrder, ExecutionStatus, Workflow
from tests.connectors.replay import Opened, Replay, answer, body_sent, ns, steps_of
from tests.connectors.rows import runs_of

S = ExecutionStatus
FLOW = "dfqud9cbc4k5xxxxxxxx"
RUN = NativeId(FLOW, "dfqud9cbc4k5xxxxxxxx-429e9f6f-b506-4c5a-84b2-9abb00000001")
SETTINGS = YandexSettings(provider="yandex", folder_id="folder-1", iam_token=Secret("t1.iam"))


def yandex(*answers: Any, settings: YandexSettings = SETTINGS) -> tuple[Yandex, Replay]:
    http = Replay(*answers)
    return Yandex("flows", StatusChecked(http, read_status_body), settings), http


def read(**fields: Any) -> YandexExecution:
    """A run with these fields beside its ids."""
    return read_execution(Raw(json.dumps({"id": "run-1", "workflowId": "flow-1"} | fields).encode()), "flows")


def step(**fields: Any) -> YandexStep:
    record = Raw(json.dumps({"id": "key"} | fields).encode())
    return read_step("flows", RUN, ENTRY.one(record), record, 0)


def run(key: NativeId = RUN) -> YandexExecution:
    return YandexExecution(source="flows", key=key, status=S.SUCCEEDED, raw_status="FINISHED")


# runs


async def test_a_run_of_a_list_keeps_every_digit_of_its_times() -> None:
    connector, _ = yandex("yandex/executions.200.json")

    page = await connector.list_executions(FLOW, ExecutionQuery(), None)

    first, second = runs_of(page)
    assert isinstance(first, YandexExecution)
    assert (first.source, first.provider, first.key) == ("flows", "YANDEX", RUN)
    assert (first.status, first.raw_status) == (S.SUCCEEDED, "FINISHED")
    assert first.started_at is not None and first.started_at.text == "2025-03-10T15:54:44.304781814Z"
    assert first.duration_ns == 1_070_697_344
    assert first.ended_at is not None and first.ended_at.text == "2025-03-10T15:54:45.375479158Z"
    assert (first.input, first.output, first.error) == (None, None, None), "a list leaves these out"
    assert second.started_at is not None and second.started_at.text == "2025-03-10T15:05:19.982768956Z"
    assert second.duration_ns == 971_907_165
    assert (page.next_cursor, page.total) == (None, None), "an empty page token ends the walk"


async def test_a_run_that_is_got_has_its_input_and_result_as_json() -> None:
    connector, http = yandex("yandex/execution.200.json")

    found = (await connector.get_executions([RUN]))[RUN]

    assert http.request.path == f"/workflows/v1/execution/{RUN.execution}"
    assert isinstance(found, YandexExecution)
    assert (found.input, found.output) == (Raw(b'{"input":{}}'), Raw(b'{"ok":true}'))
    assert found.error is None


async def test_a_failed_run_has_an_error_in_place_of_its_result() -> None:
    connector, _ = yandex("yandex/execution_failed.200.json")
    key = NativeId("flow-1", "run-1")

    found = (await connector.get_executions([key]))[key]

    assert isinstance(found, YandexExecution)
    assert (found.status, found.output) == (S.FAILED, None)
    assert found.error == ExecutionError("step notify failed", "STEP_INTERNAL")
    assert found.input is not None and json.loads(bytes(found.input)) == {"n": 1}, "given as a free value"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("QUEUED", S.QUEUED),
        ("RUNNING", S.RUNNING),
        ("PAUSED", S.PAUSED),
        ("STOPPED", S.CANCELED),
        ("FAILED", S.FAILED),
        ("FINISHED", S.SUCCEEDED),
        ("STATUS_UNSPECIFIED", S.UNKNOWN),
        ("HIBERNATED", S.UNKNOWN),
    ],
)
def test_each_status_word_of_a_run_has_its_place(word: str, status: ExecutionStatus) -> None:
    found = read(status=word)
    assert (found.status, found.raw_status) == (status, word)


def test_a_status_that_is_left_out_is_the_protos_default() -> None:
    assert (read().status, read().raw_status) == (S.UNKNOWN, "STATUS_UNSPECIFIED")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1.070697344s", 1_070_697_344),
        ("3.5s", 3_500_000_000),
        ("0s", 0),
        ("0.000000001s", 1),
        ("172800s", 172_800_000_000_000),
        ("123456789.123456789s", 123_456_789_123_456_789),
        ("", None),
        (None, None),
    ],
)
def test_a_duration_is_decimal_seconds_to_the_last_digit(text: str | None, nanoseconds: int | None) -> None:
    assert read_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["1.07", "s", "1e3s", "1.0000000001s", "one s", "1s\n", "१s", "9999999999999s"])
def test_a_duration_in_another_form_is_said_to_be_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_duration(text)


def test_a_run_without_a_duration_has_no_end() -> None:
    found = read(status="FINISHED", startedAt="2025-03-10T15:54:44Z")
    assert (found.ended_at, found.duration_ms) == (None, None)


@pytest.mark.parametrize("word", ["QUEUED", "RUNNING", "PAUSED"])
def test_a_run_that_is_not_over_has_neither_end_nor_duration(word: str) -> None:
    found = read(status=word, startedAt="2025-03-10T15:54:44Z", duration="5s")
    assert (found.ended_at, found.duration_ms) == (None, None)


@pytest.mark.parametrize(
    ("payload", "read_as"),
    [
        ({"inputJson": '{"a": 1}'}, b'{"a": 1}'),
        ({"inputJson": "7"}, b"7"),
        ({"inputJson": '"text"'}, b'"text"'),
        ({"inputJson": "[]"}, b"[]"),
        ({"inputJson": "null"}, None),
        ({"inputValue": None}, None),
        ({"inputValue": {"a": 1}}, b'{"a": 1}'),
        ({"inputValue": "text"}, b'"text"'),
        ({"inputJson": ""}, None),
        ({}, None),
        (None, None),
    ],
)
def test_json_in_a_string_is_json_of_any_kind(payload: object, read_as: bytes | None) -> None:
    assert read(input=payload).input == (None if read_as is None else Raw(read_as))


# lists


async def test_a_list_asks_for_its_workflow_with_an_id_for_support() -> None:
    connector, http = yandex(lambda _: "yandex/executions_none.200.json")

    page = await connector.list_executions(FLOW, ExecutionQuery(limit=30), None)
    await connector.list_executions(FLOW, ExecutionQuery(limit=5000), None)

    first, second = http.requests
    assert (first.method, first.path, first.body) == ("GET", "/workflows/v1/execution", None)
    assert first.params == (("workflowId", FLOW), ("pageSize", "30"))
    assert dict(second.params)["pageSize"] == "100"
    ids = {dict(request.headers)["x-client-request-id"] for request in http.requests}
    assert len(ids) == 2, "each call has an id of its own"
    assert (runs_of(page), page.next_cursor) == ([], None), "`{}` is an empty list"


@pytest.mark.parametrize(
    ("query", "predicate"),
    [
        (ExecutionQuery(), None),
        (ExecutionQuery(statuses=frozenset({S.QUEUED})), "status=QUEUED"),
        (ExecutionQuery(statuses=frozenset({S.RUNNING})), "status=RUNNING"),
        (ExecutionQuery(statuses=frozenset({S.PAUSED})), "status=PAUSED"),
        (ExecutionQuery(statuses=frozenset({S.CANCELED})), "status=STOPPED"),
        (ExecutionQuery(statuses=frozenset({S.FAILED})), "status=FAILED"),
        (ExecutionQuery(statuses=frozenset({S.SUCCEEDED})), "status=FINISHED"),
        (ExecutionQuery(statuses=frozenset({S.UNKNOWN})), None),
        (ExecutionQuery(statuses=frozenset({S.DISCARDED})), None),
        (ExecutionQuery(statuses=frozenset({S.FAILED, S.CANCELED})), None),
        (ExecutionQuery(statuses=frozenset()), None),
        (ExecutionQuery(started=Range(start=ns("2025-03-10T00:00:00Z"))), "started_at>2025-03-09T23:59:59Z"),
        (
            ExecutionQuery(started=Range(start=ns("2025-03-10T15:54:44.304781814Z"))),
            "started_at>2025-03-10T15:54:43.304781814Z",
        ),
        (ExecutionQuery(started=Range(end=ns("2025-03-10T00:00:00Z"))), "started_at<2025-03-10T00:00:00Z"),
        (
            ExecutionQuery(
                started=Range(ns("2025-03-10T00:00:00Z"), ns("2025-03-11T00:00:00Z")), statuses=frozenset({S.FAILED})
            ),
            "started_at<2025-03-11T00:00:00Z",
        ),
        (
            ExecutionQuery(started=Range(start=ns("2025-03-10T00:00:00Z")), statuses=frozenset({S.FAILED})),
            "started_at>2025-03-09T23:59:59Z",
        ),
        (ExecutionQuery(ended=Range(1, 2), duration=Range(1), order=ExecutionOrder.STARTED_AT_ASC), None),
        (ExecutionQuery(workflow_name_contains="a AND b", error_contains="status=FAILED"), None),
    ],
)
async def test_one_predicate_is_sent_at_the_most(query: ExecutionQuery, predicate: str | None) -> None:
    connector, http = yandex("yandex/executions_none.200.json")

    await connector.list_executions(FLOW, query, None)

    assert dict(http.request.params).get("filter") == predicate
    assert http.request.params[:2] == (("workflowId", FLOW), ("pageSize", "50"))


FAILED_ONLY = ExecutionQuery(limit=30, statuses=frozenset({S.FAILED}))


async def test_the_next_page_repeats_all_parameters_with_the_token() -> None:
    """Whatever the token looks like: it is opaque."""
    connector, http = yandex("yandex/executions_more_to_come.200.json", "yandex/executions_none.200.json")

    page = await connector.list_executions(FLOW, FAILED_ONLY, None)
    assert page.next_cursor is not None
    await connector.list_executions(FLOW, FAILED_ONLY, page.next_cursor)

    assert dict(http.requests[1].params) == {
        "workflowId": FLOW, "pageSize": "30", "pageToken": "f:u:cGFnZTI=", "filter": "status=FAILED"
    }  # fmt: skip


async def test_a_filter_that_is_refused_is_left_out_on_this_page_and_the_next() -> None:
    connector, http = yandex(
        "yandex/filter_refused.400.json", "yandex/executions_more_to_come.200.json", "yandex/executions_none.200.json"
    )

    page = await connector.list_executions(FLOW, FAILED_ONLY, None)
    await connector.list_executions(FLOW, FAILED_ONLY, page.next_cursor)

    refused, again, following = (dict(request.params) for request in http.requests)
    assert refused["filter"] == "status=FAILED"
    assert again == {"workflowId": FLOW, "pageSize": "30"}
    assert following == {"workflowId": FLOW, "pageSize": "30", "pageToken": "f:u:cGFnZTI="}


@pytest.mark.parametrize(
    ("query", "cursor", "status"),
    [
        (ExecutionQuery(), None, 400),  # there is no filter to leave out
        (FAILED_ONLY, "f:token", 400),  # the token goes with the filter
        (FAILED_ONLY, None, 501),  # not what a filter is refused by
    ],
)
async def test_no_other_refusal_is_tried_again(query: ExecutionQuery, cursor: str | None, status: int) -> None:
    connector, http = yandex(answer({"code": 3, "message": "no"}, status))

    with pytest.raises(UnsupportedError):
        await connector.list_executions(FLOW, query, cursor)

    assert len(http.requests) == 1


# steps


async def test_the_documented_history_is_read_field_by_field() -> None:
    connector, http = yandex("yandex/history.200.json")

    posts, users = steps_of(await connector.list_steps([run()]), run())

    assert http.request.path == f"/workflows/v1/execution/{RUN.execution}/history"
    assert http.request.params == (), "a history has no pages"
    assert isinstance(posts, YandexStep)
    assert (posts.source, posts.run, posts.place, posts.native_id) == ("flows", RUN, "0", "fetch_posts")
    assert (posts.name, posts.title, posts.description) == ("fetch_posts", None, None)
    assert (posts.type, posts.attempts) == ("HttpCall", 1)
    assert (posts.status, posts.raw_status) == (S.SUCCEEDED, "COMPLETED")
    assert posts.started_at is not None and posts.started_at.text == "2025-03-10T15:54:44.452347159Z"
    assert posts.duration_ns == 795_435_385
    assert posts.ended_at is not None and posts.ended_at.text == "2025-03-10T15:54:45.247782544Z"
    assert (posts.input, posts.output) == (Raw(b'{"input":{}}'), Raw(b'{"posts":[]}'))
    assert (posts.error, posts.last_error) == (None, None)
    assert (users.place, users.native_id, users.duration_ns) == ("1", "fetch_users", 751_175_310)


async def test_a_step_that_failed_after_retries_tells_both_errors() -> None:
    connector, _ = yandex("yandex/history_failed_after_retries.200.json")

    (found,) = steps_of(await connector.list_steps([run()]), run())

    error = ExecutionError("upstream answered 503", "HTTP_CALL_503")
    assert (found.error, found.last_error, found.attempts) == (error, error, 3)
    assert (found.status, found.name, found.native_id) == (S.FAILED, "Notify the desk", "notify")
    assert found.ended_at is not None and found.ended_at.text == "2025-03-10T15:54:48.500000001Z"


async def test_turns_of_a_loop_repeat_their_key_and_differ_in_place() -> None:
    connector, _ = yandex("yandex/history_loops_and_states.200.json")

    found = steps_of(await connector.list_steps([run()]), run())

    assert [one.place for one in found] == ["0", "1", "2", "3", "4", "5"]
    assert len({one.id for one in found}) == 6
    assert [one.native_id for one in found] == ["each"] * 5 + ["last"]
    assert [one.status for one in found] == [S.SUCCEEDED, S.RUNNING, S.QUEUED, S.RUNNING, S.CANCELED, S.UNKNOWN]
    assert [one.duration_ns for one in found] == [0, None, None, None, 1_000_000_001, None]
    first, started, scheduled, *_ = found
    assert (first.name, first.description, first.attempts) == ("Each", "One of many", 2)
    assert first.last_error == ExecutionError("slow", "STEP_TIMEOUT"), "of a try before the one that went well"
    assert first.error is None
    assert (first.input, first.output) == (Raw(b"7"), None), "null is nothing"
    assert started.input is not None and json.loads(bytes(started.input)) == {"item": 2}
    assert (started.ended_at, scheduled.started_at, scheduled.attempts) == (None, None, None)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("SCHEDULED", S.QUEUED),
        ("STARTED", S.RUNNING),
        ("CANCEL_REQUESTED", S.RUNNING),
        ("COMPLETED", S.SUCCEEDED),
        ("FAILED", S.FAILED),
        ("CANCELLED", S.CANCELED),
        ("STATUS_UNSPECIFIED", S.UNKNOWN),
        ("MELTED", S.UNKNOWN),
    ],
)
def test_each_status_word_of_a_step_has_its_place(word: str, status: ExecutionStatus) -> None:
    found = step(status=word)
    assert (found.status, found.raw_status) == (status, word)


@pytest.mark.parametrize(("attempts", "read_as"), [("1", 1), ("9007199254740993", 9007199254740993), (2, 2)])
def test_attempts_are_a_number_in_a_string(attempts: object, read_as: int) -> None:
    assert step(attempts=attempts).attempts == read_as


@pytest.mark.parametrize("error", [None, {}, {"message": ""}])
def test_an_empty_error_is_none(error: object) -> None:
    assert step(error=error).error is None


async def test_a_history_without_entries_is_no_steps() -> None:
    connector, _ = yandex(answer({"execution": {"id": "run-1"}}))

    assert steps_of(await connector.list_steps([run()]), run()) == ()


# workflows


async def test_the_workflows_of_a_folder_are_read_to_the_last_page() -> None:
    connector, http = yandex("yandex/workflows_first.200.json", "yandex/workflows_last.200.json")

    flows = await connector.workflows()

    assert [(flow.native_id, flow.name) for flow in flows] == [("flow-1", "nightly"), ("flow-2", "flow-2")]
    assert [request.path for request in http.requests] == ["/workflows/v1/workflow"] * 2
    assert [request.params for request in http.requests] == [
        (("folderId", "folder-1"), ("pageSize", "100")),
        (("folderId", "folder-1"), ("pageSize", "100"), ("pageToken", "flows-2")),
    ]


async def test_a_page_token_that_repeats_ends_the_walk_over_workflows() -> None:
    connector, _ = yandex(lambda _: "yandex/workflows_first.200.json")

    with pytest.raises(UnreadableError, match="the page token repeats"):
        await connector.workflows()


async def test_without_a_folder_the_named_workflows_are_looked_up() -> None:
    """One that is gone is not there; one whose name cannot be had is there all the same."""
    settings = YandexSettings(provider="yandex", iam_token=Secret("t"), workflow_ids=("flow-1", "gone", "down"))
    answers = {"flow-1": "yandex/workflow.200.json", "gone": "yandex/missing.404.json"}

    connector, _ = yandex(
        lambda request: answers.get(request.path.rsplit("/", 1)[1]) or answer({}, 500), settings=settings
    )

    assert await connector.workflows() == [
        Workflow(source="flows", provider="YANDEX", native_id="flow-1", name="nightly"),
        Workflow(source="flows", provider="YANDEX", native_id="down"),
    ]


# errors


async def test_the_documented_error_is_read_with_its_reference() -> None:
    connector, _ = yandex("yandex/token_expired.401.json")

    with pytest.raises(RefusedError) as caught:
        await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert caught.value.message == "HTTP 401: Token is invalid or has expired."
    assert caught.value.reference == "e38e71c3-adc6-4584-98a4-b0f103d55f61"


@pytest.mark.parametrize(
    ("code", "status", "kind", "is_retryable"),
    [
        (1, 499, UnsupportedError, False),
        (3, 400, UnsupportedError, False),
        (4, 504, UnreachableError, True),
        (5, 404, MissingError, False),
        (7, 403, ForbiddenError, False),
        (8, 429, ThrottledError, True),
        (9, 400, UnsupportedError, False),
        (10, 409, UnreachableError, True),
        (12, 501, UnsupportedError, False),
        (13, 500, UnreachableError, True),
        (14, 503, UnreachableError, True),
        (16, 401, RefusedError, False),
    ],
)
async def test_each_code_of_google_rpc_says_what_to_do(
    code: int, status: int, kind: type[ConnectorError], is_retryable: bool
) -> None:
    connector, _ = yandex(answer({"code": code, "message": "so it is"}, status))

    with pytest.raises(ConnectorError) as caught:
        await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert (type(caught.value), caught.value.retryable) == (kind, is_retryable)
    assert (caught.value.message, caught.value.reference) == (f"HTTP {status}: so it is", None)


@pytest.mark.parametrize("body", [b"<html>", b'{"message":"\xff"}', b"[" * 100_000, b"", b'{"details":{}}'])
async def test_an_error_in_another_shape_tells_its_status_alone(body: bytes) -> None:
    connector, _ = yandex(answer(body, 500))

    with pytest.raises(UnreachableError) as caught:
        await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert caught.value.message == "HTTP 500"


# letting in

NOW = float(1_741_622_084)


def pem(key: PrivateKeyTypes) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def private_key() -> str:
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def authorized_key(private_key: str) -> Secret:
    """The JSON that the console gives."""
    return Secret(
        json.dumps({
            "id": "key-1",
            "service_account_id": "account-1",
            "created_at": "2025-01-01T00:00:00Z",
            "key_algorithm": "RSA_2048",
            "public_key": "",
            "private_key": private_key,
        })
    )  # fmt: skip


@pytest.mark.parametrize("preamble", ["", "PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <key-1>\n"])
async def test_a_service_accounts_key_signs_a_jwt_of_one_hour(private_key: str, preamble: str) -> None:
    http = Replay("yandex/iam_token.200.json")

    await IamExchange(http, service_account_key=authorized_key(preamble + private_key), now=lambda: NOW)()

    assert (http.request.method, http.request.path) == ("POST", "/iam/v1/tokens")
    assert dict(http.request.headers) == {"Accept": "application/json", "Content-Type": "application/json"}
    sent = body_sent(http.request)
    assert sent.keys() == {"jwt"}
    public_key = load_pem_private_key(private_key.encode(), None).public_key()
    assert jwt.get_unverified_header(sent["jwt"]) == {"alg": "PS256", "kid": "key-1", "typ": "JWT"}
    options: Any = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(sent["jwt"], public_key, ["PS256"], audience=AUDIENCE, options=options) == {  # type: ignore[arg-type]
        "iss": "account-1",
        "aud": "https://iam.api.cloud.yandex.net/iam/v1/tokens",
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
    }


async def test_an_oauth_token_is_traded_as_it_is() -> None:
    http = Replay("yandex/iam_token.200.json")

    await IamExchange(http, oauth_token=Secret("y0_oauth"), now=lambda: NOW)()

    assert body_sent(http.request) == {"yandexPassportOauthToken": "y0_oauth"}


@pytest.mark.parametrize(
    ("expires_at", "lives"),
    [
        ("2025-03-11T03:54:44.123456789Z", 3600.0),  # twelve hours, renewed each hour
        ("2025-03-10T16:04:44Z", 600.0),
        (None, 3600.0),
    ],
)
async def test_an_iam_token_lives_for_an_hour_or_as_long_as_it_says(expires_at: str | None, lives: float) -> None:
    http = Replay(answer({"iamToken": "t1.iam", "expiresAt": expires_at}))

    token = await IamExchange(http, oauth_token=Secret("o"), now=lambda: NOW)()

    assert (token.value.reveal(), token.lives) == ("t1.iam", lives)


@pytest.mark.parametrize("key", ["", "no key", pem(ec.generate_private_key(ec.SECP256R1()))])
async def test_a_key_that_cannot_sign_is_refused_without_being_shown(key: str) -> None:
    http = Replay()

    with pytest.raises(RefusedError) as caught:
        await IamExchange(http, service_account_key=authorized_key(key))()

    assert caught.value.message == "the private key of service_account_key cannot be used"
    assert http.requests == []


async def test_a_source_trades_its_token_once_and_again_after_a_401() -> None:
    empty, refused = "yandex/executions_none.200.json", "yandex/token_expired.401.json"
    http = Replay(answer({"iamToken": "t1.iam"}), empty, refused, answer({"iamToken": "t2.iam"}), empty)
    opened = Opened(http)
    connector = connect(
        "flows", YandexSettings(provider="yandex", folder_id="f", oauth_token=Secret("y0_oauth")), opened
    )

    await connector.list_executions(FLOW, ExecutionQuery(), None)
    await connector.list_executions(FLOW, ExecutionQuery(), None)

    assert opened.urls == ["https://iam.api.cloud.yandex.net", "https://serverless-workflows.api.cloud.yandex.net"]
    assert [dict(request.headers).get("Authorization") for request in http.requests] == [
        None,
        "Bearer t1.iam",
        "Bearer t1.iam",
        None,
        "Bearer t2.iam",
    ]


async def test_a_fixed_iam_token_is_sent_as_it_is() -> None:
    http = Replay("yandex/executions_none.200.json")

    await connect("flows", SETTINGS, Opened(http)).list_executions(FLOW, ExecutionQuery(), None)

    assert dict(http.request.headers)["Authorization"] == "Bearer t1.iam"


TOKEN = Secret("t")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"folder_id": "f", "iam_token": TOKEN}, None),
        ({"workflow_ids": ("w",), "oauth_token": TOKEN}, None),
        ({"folder_id": "f"}, "one of service_account_key, oauth_token and iam_token is needed"),
        (
            {"folder_id": "f", "iam_token": TOKEN, "oauth_token": TOKEN},
            "one of service_account_key, oauth_token and iam_token is needed",
        ),
        ({"iam_token": TOKEN}, "folder_id is needed, or workflow_ids"),
        (
            {"folder_id": "f", "service_account_key": Secret("{}")},
            "service_account_key is not the JSON of an authorised key",
        ),
        ({"folder_id": "f", "service_account_key": authorized_key("…")}, None),
    ],
)
def test_settings_that_do_not_go_together_are_named(fields: dict[str, Any], problem: str | None) -> None:
    assert YandexSettings(provider="yandex", **fields).problem() == problem
