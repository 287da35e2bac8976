"""Status codes as errors that say what to do, and how long to wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from connectors.http.client import Request, Response
from connectors.http.retry_after import LONGEST, retry_after
from connectors.http.status import ErrorBody, StatusChecked, plain_text
from schema.model import SourceErrorCode
from tests.connectors.replay import Replay, answer

REQUEST = Request(path="/runs")


def say(message: str) -> ErrorBody:
    return ErrorBody(message, "reference-1")


async def refused(
    response: Response, throttling: frozenset[int] = frozenset({429}), message: str = ""
) -> ConnectorError:
    """What an answer is refused with."""
    with pytest.raises(ConnectorError) as caught:
        await StatusChecked(Replay(response), lambda _: say(message), throttling).send(REQUEST)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_a_good_answer_is_let_through_as_it_is(status: int) -> None:
    given_back = answer({"a": 1}, status)
    assert await StatusChecked(Replay(given_back)).send(REQUEST) is given_back


@pytest.mark.parametrize(
    ("status", "kind", "code", "is_retryable"),
    [
        (301, UnreadableError, SourceErrorCode.BAD_RESPONSE, False),
        (302, UnreadableError, SourceErrorCode.BAD_RESPONSE, False),
        (304, UnreadableError, SourceErrorCode.BAD_RESPONSE, False),
        (400, UnsupportedError, SourceErrorCode.UNSUPPORTED, False),
        (401, RefusedError, SourceErrorCode.UNAUTHENTICATED, False),
        (403, ForbiddenError, SourceErrorCode.FORBIDDEN, False),
        (404, MissingError, SourceErrorCode.NOT_FOUND, False),
        (405, UnsupportedError, SourceErrorCode.UNSUPPORTED, False),
        (408, UnreachableError, SourceErrorCode.UNREACHABLE, True),
        (409, UnreachableError, SourceErrorCode.UNREACHABLE, True),
        (410, MissingError, SourceErrorCode.NOT_FOUND, False),
        (422, UnsupportedError, SourceErrorCode.UNSUPPORTED, False),
        (429, ThrottledError, SourceErrorCode.RATE_LIMITED, True),
        (499, UnsupportedError, SourceErrorCode.UNSUPPORTED, False),
        (500, UnreachableError, SourceErrorCode.UNREACHABLE, True),
        (501, UnsupportedError, SourceErrorCode.UNSUPPORTED, False),
        (502, UnreachableError, SourceErrorCode.UNREACHABLE, True),
        (503, UnreachableError, SourceErrorCode.UNREACHABLE, True),
        (504, UnreachableError, SourceErrorCode.UNREACHABLE, True),
        (520, UnreachableError, SourceErrorCode.UNREACHABLE, True),
    ],
)
async def test_each_status_says_what_to_do(
    status: int, kind: type[ConnectorError], code: SourceErrorCode, is_retryable: bool
) -> None:
    error = await refused(answer({}, status))

    assert type(error) is kind
    data = error.as_data()
    assert (data.code, data.retryable, data.http_status) == (code, is_retryable, status)


async def test_boomis_503_is_throttling_and_says_so() -> None:
    error = await refused(answer({}, 503), throttling=frozenset({429, 503}))

    assert isinstance(error, ThrottledError)
    assert error.message == "HTTP 503: busy, or over its rate limit"


async def test_the_providers_words_and_reference_are_told() -> None:
    error = await refused(answer({}, 400), message="  wrong\n\tfilter ")

    assert (error.message, error.reference) == ("HTTP 400: wrong filter", "reference-1")


async def test_a_long_message_is_cut() -> None:
    error = await refused(answer({}, 400), message="x" * 5000)

    assert error.message == f"HTTP 400: {'x' * 300}…"


async def test_the_body_of_a_redirect_is_not_read_and_where_it_leads_is_not_told() -> None:
    """The address may hold a token."""
    error = await refused(answer({}, 302, {"location": "https://evil/?token=t"}), message="come here")

    assert error.message == "HTTP 302: a redirect, which is not followed; set base_url to where it leads"
    assert error.reference is None


@pytest.mark.parametrize(
    ("status", "wait"), [(429, 7.0), (503, 7.0), (500, 7.0), (409, 7.0), (400, None), (401, None), (404, None)]
)
async def test_a_wait_is_told_where_waiting_helps(status: int, wait: float | None) -> None:
    error = await refused(answer({}, status, {"retry-after": "7"}))

    assert error.retry_after == wait


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b" in  words\n", "in  words"),
        (b"<html>", ""),
        (b"  {}", ""),
        (b"[1]", ""),
        (b"", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_a_plain_text_is_told_and_a_document_is_not(body: bytes, message: str) -> None:
    assert plain_text(body).message == message


# Retry-After

SENT = datetime(2025, 3, 10, 15, 54, 44, tzinfo=UTC)


def waits(value: str | None, date: str | None = format_datetime(SENT, usegmt=True)) -> float | None:
    headers = {"retry-after": value, "date": date}
    return retry_after(answer({}, 429, {name: text for name, text in headers.items() if text is not None}))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 120 ", 120.0),
        ("86400", LONGEST),
        ("9" * 400, LONGEST),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("१", None),
        ("²", None),
        ("Mon, 99 Mar 2025 99:99:99 GMT", None),
    ],
)
def test_seconds_are_read_and_nonsense_is_not(value: str | None, seconds: float | None) -> None:
    assert waits(value) == seconds


@pytest.mark.parametrize(
    ("later", "seconds"), [(timedelta(seconds=30), 30.0), (timedelta(seconds=-30), 0.0), (timedelta(days=2), LONGEST)]
)
def test_a_date_counts_from_the_answers_own(later: timedelta, seconds: float) -> None:
    """Whatever our clock says."""
    assert waits(format_datetime(SENT + later, usegmt=True)) == seconds


def test_a_date_without_the_answers_own_counts_from_ours() -> None:
    assert waits("Mon, 10 Mar 2025 15:54:44 GMT", date=None) == 0.0
    assert waits("Fri, 31 Dec 9998 23:59:59 GMT", date=None) == LONGEST


def test_an_answer_with_an_unreadable_date_says_nothing() -> None:
    assert waits(format_datetime(SENT, usegmt=True), date="today") is None


@given(value=st.text(), date=st.none() | st.text())
def test_a_wait_is_always_one_that_can_be_waited(value: str, date: str | None) -> None:
    found = waits(value, date)
    assert found is None or 0.0 <= found <= LONGEST


# bodies that are not whole


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "HTTP 200 without a body"),
        (b" \r\n ", "HTTP 200 without a body"),
        (b" " * 500, "HTTP 200 without a body"),
        (b'{"result":[{"a":1},', "HTTP 200 with half a body"),
        (b"[", "HTTP 200 with half a body"),
        (b'[{"a":1}}\n', "HTTP 200 with half a body"),
    ],
)
async def test_a_body_that_is_not_whole_may_come_whole_the_next_time(body: bytes, reason: str) -> None:
    error = await refused(answer(body))

    assert type(error) is UnreachableError
    assert (error.message, error.http_status, error.retryable) == (reason, 200, True)


@pytest.mark.parametrize(
    "body", [b"{}", b"[] \n", b" " * 100 + b"{}" + b" " * 100, b"<html>", b"null", b"1", b"a.b.c", b"\xef\xbb\xbf{}"]
)
async def test_whatever_else_is_for_the_provider_to_read(body: bytes) -> None:
    assert (await StatusChecked(Replay(answer(body))).send(REQUEST)).body == body


@pytest.mark.parametrize("status", [204, 205])
async def test_no_body_is_due_where_the_status_says_so(status: int) -> None:
    assert (await StatusChecked(Replay(answer(b"", status))).send(REQUEST)).body == b""


async def test_nor_where_something_was_changed() -> None:
    delete = Request(method="DELETE", path="/runs/r1", is_read=False)
    assert (await StatusChecked(Replay(answer(b""))).send(delete)).body == b""
