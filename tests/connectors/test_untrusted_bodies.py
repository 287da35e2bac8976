"""What may come in place of a page of runs: either its runs are read, or the page says what is wrong. Never a shorter
list without a word."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw, Struct
from structlog.testing import capture_logs

from connectors.contract import WHOLE_SOURCE, ExecutionQuery, Page
from connectors.errors import ConnectorError, UnreachableError, UnreadableError
from connectors.reading import body_of, decode, read_records
from schema.model import Execution, ExecutionStatus
from tests.connectors.replay import SAMPLES, Replay, answer
from tests.connectors.rows import runs_of
from tests.connectors.sources import toy_run
from tests.connectors.test_contract import DOORS, connected

DEEP = b"[" * 100_000 + b"]" * 100_000


class WireRun(Struct):
    id: str
    size: int | None = None
    share: float | None = None
    payload: Raw = Raw()


class WirePage(Struct):
    runs: list[Raw] = []
    next: str | None = None


RUN = msgspec.json.Decoder(WireRun)
PAGE = msgspec.json.Decoder(WirePage)


def read(record: Raw) -> Execution:
    return toy_run(decode(RUN, record, "run").id)


def page_with(record: bytes) -> tuple[list[str], list[str | None]]:
    """Ids of the runs read, and of those not, when a record stands between two good ones."""
    body = b'{"runs": [{"id": "first"}, ' + record + b', {"id": "last"}]}'
    good, bad = read_records(body_of(answer(body), PAGE, "runs").runs, read)
    return [run.native_id for run in good], [one.native_id for one in bad]


@pytest.mark.parametrize(
    ("record", "native_id"),
    [
        (b'{"id": "x", "size": "many"}', "x"),
        (b'{"id": "x", "size": ' + b"9" * 5000 + b"}", "x"),
        (b'{"id": "x", "share": 1e999}', "x"),
        (b'{"id": "x", "payload": "\xff\xfe"}', "x"),
        (b'{"id": "x", "unknown": "caf\xe9"}', "x"),
        (b'{"id": "\xff"}', None),
        (b'{"size": 1}', None),
        (b'{"id": null}', None),
        (b'"x"', None),
        (b"null", None),
        (b"{}", None),
    ],
)
def test_a_record_that_cannot_be_read_spoils_itself(record: bytes, native_id: str | None) -> None:
    assert page_with(record) == (["first", "last"], [native_id])


@pytest.mark.parametrize(
    ("record", "native_id"),
    [
        (b'{"id": "x", "payload": ' + b"9" * 5000 + b"}", "x"),  # nobody has to read it
        (b'{"id": "x", "unknown": 1e999}', "x"),
        (b'{"id": "w", "id": "x"}', "x"),
        (b'{"id": "x", "size": 1, "size": 2}', "x"),
        (b'{"id": "x", "unknown": {"a": [1, 2]}}', "x"),
        (rb'{"id": "x", "payload": "cut \ud83d"}', "x"),
        (rb'{"id": "x\ud83d"}', "x\ufffd"),
    ],
)
def test_a_record_that_is_only_odd_is_read(record: bytes, native_id: str) -> None:
    assert page_with(record) == (["first", native_id, "last"], [])


def test_what_is_passed_on_undecoded_can_be_decoded() -> None:
    """A payload whose text was cut is mended with the rest."""
    body = rb'{"runs": [{"id": "x", "payload": {"a": "\ud83d", "b": "\u00e9 \\ud83d"}}]}'
    (record,) = body_of(answer(body), PAGE, "runs").runs

    payload = decode(RUN, record, "run").payload
    assert msgspec.json.decode(payload) == {"a": "\ufffd", "b": "é \\ud83d"}


def test_text_that_was_cut_is_logged_once_a_body() -> None:
    with capture_logs() as logs:
        body_of(answer(rb'{"runs": [{"id": "\ud83d\ud83d"}, {"id": "\ude00"}], "next": "\ufffd"}'), PAGE, "runs")

    assert [(log["event"], log["what"], log["signs"]) for log in logs] == [("text was cut through a sign", "runs", 3)]


GOOD = '{"runs": [{"id": "é"}]}'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (GOOD.encode("utf-16"), "runs: not in UTF-8"),
        (GOOD.encode("utf-16-le"), "runs: not in UTF-8"),
        (GOOD.encode("utf-16-be"), "runs: not in UTF-8"),
        (GOOD.encode("utf-32"), "runs: not in UTF-8"),
        (b'{"next": "\xff"}', "runs: not in UTF-8"),
        (b"", "runs: an empty body"),
        (b"\xef\xbb\xbf", "runs: an empty body"),
        (b"<!doctype html><title>Sign in</title>", "runs: a page of HTML or XML instead of JSON (a login page?)"),
        (b'{"runs": [NaN]}', "runs: JSON is malformed: invalid character (byte 10)"),
        (b'{"runs": [{"id": "x", "share": -Infinity}]}', "runs: JSON is malformed: invalid character (byte 32)"),
        (b'{"runs": []} {"runs": []}', "runs: JSON is malformed: trailing characters (byte 14)"),
        (b'{"runs": [', "runs: Input data was truncated"),
        (b'{"runs": {}}', "runs: Expected `array`, got `object` - at `$.runs`"),
        (b'{"runs": null}', "runs: Expected `array`, got `null` - at `$.runs`"),
        (b'{"runs": [' + DEEP + b"]}", "runs: nested too deeply"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_body_that_cannot_be_read_is_no_page(body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        body_of(answer(body), PAGE, "runs")
    assert caught.value.message == reason


def test_a_byte_order_mark_is_skipped() -> None:
    assert len(body_of(answer(GOOD.encode("utf-8-sig")), PAGE, "runs").runs) == 1


# the same through each provider


async def page_of(door: str, body: bytes) -> Page:
    connector, http = connected(door, answer(body))
    assert isinstance(http, Replay)
    partition = "workflow-1" if connector.capabilities.partitioned else WHOLE_SOURCE
    return await connector.list_executions(partition, ExecutionQuery(), None)


def sample_of(door: str) -> bytes:
    return (SAMPLES / door / "executions_one_unreadable.200.json").read_bytes()


def strange(door: str) -> dict[str, tuple[bytes, type[ConnectorError]]]:
    """Bodies in place of a door's page, and what they are called."""
    good = sample_of(door)
    return {
        "empty": (b"", UnreachableError),
        "blank": (b" \r\n", UnreachableError),
        "half": (good[: len(good) // 2].rstrip(b"]}\r\n "), UnreachableError),
        "html": (b"<html><form>Sign in</form></html>", ConnectorError),
        "text": (b"upstream connect error", UnreadableError),
        "utf-16": (good.decode().encode("utf-16"), UnreadableError),
        "twice": (good + good, UnreadableError),
        "NaN": (b"NaN", UnreadableError),
        "number": (b"1", UnreadableError),
        "null": (b"null", UnreadableError),
        "deep": (DEEP, UnreadableError),
    }


@pytest.mark.parametrize("fault", strange("arcee"))
@pytest.mark.parametrize("door", DOORS)
async def test_what_is_no_page_is_an_error_of_the_source(door: str, fault: str) -> None:
    body, kind = strange(door)[fault]

    with pytest.raises(kind) as caught:
        await page_of(door, body)

    assert len(caught.value.message) < 300
    assert "Sign in" not in caught.value.message and "connect error" not in caught.value.message


@pytest.mark.parametrize("door", DOORS)
async def test_a_mark_in_front_and_unknown_words_change_nothing(door: str) -> None:
    def renamed(value: Any) -> Any:
        """Each state becomes a word that nobody knows, and each object has a member more."""
        if isinstance(value, dict):
            words = {"status": "TELEPORTED"} if "status" in value else {}
            return {name: renamed(member) for name, member in value.items()} | words | {"unheardOf": [1]}
        return [renamed(member) for member in value] if isinstance(value, list) else value

    plain = await page_of(door, sample_of(door))
    marked = await page_of(door, b"\xef\xbb\xbf" + sample_of(door))
    odd = await page_of(door, json.dumps(renamed(json.loads(sample_of(door)))).encode())

    assert [run.key for run in runs_of(marked)] == [run.key for run in runs_of(plain)]
    assert [run.key for run in runs_of(odd)] == [run.key for run in runs_of(plain)]
    assert {run.status for run in runs_of(odd)} <= {ExecutionStatus.UNKNOWN, *(r.status for r in runs_of(plain))}
