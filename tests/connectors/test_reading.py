"""Reading: what can be wrong with a body, told without its contents; numbers, times and words as they are written."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct
from structlog.testing import capture_logs

from connectors.errors import UnreadableError
from connectors.reading import (
    StatusWords,
    body_of,
    decode,
    decoded_or_none,
    instant,
    integer,
    present,
    read_records,
)
from schema.identity import NativeId
from schema.model import Execution, ExecutionStatus
from tests.connectors.replay import answer
from tests.connectors.sources import toy_run

S = ExecutionStatus


class WireRun(Struct):
    id: str
    size: int = 0


RUN = msgspec.json.Decoder(WireRun)
TEXTS = msgspec.json.Decoder(list[str])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"id": 7}', "run: Expected `str`, got `int` - at `$.id`"),
        (b'{"size": 7}', "run: Object missing required field `id`"),
        (b"[]", "run: Expected `object`, got `array`"),
        (b"", "run: an empty body"),
        (b"  \n", "run: an empty body"),
        (b"<!DOCTYPE html>", "run: a page of HTML or XML instead of JSON (a login page?)"),
        (b'{"deep": ' + b"[" * 100_000, "run: nested too deeply"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        decode(RUN, body, "run")
    assert caught.value.message == reason


@given(body=st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_whatever_arrives_is_a_value_or_unreadable(body: bytes) -> None:
    try:
        decode(RUN, body, "run")
    except UnreadableError as error:
        assert len(error.message) < 250
        assert decoded_or_none(RUN, body) is None


def test_a_payload_is_not_told() -> None:
    with pytest.raises(UnreadableError) as caught:
        decode(RUN, b'{"id": {"prompt": "personal"}, "size": "personal"}', "run")
    assert "personal" not in caught.value.message


# text that was cut


@pytest.mark.parametrize(
    ("cut", "read_as"),
    [
        (rb'["\ud83d\ude00"]', ["😀"]),
        (rb'["a\ud83d"]', ["a\ufffd"]),
        (rb'["\ude00b"]', ["\ufffdb"]),
        (rb'["\ud83d\ud83d\ude00"]', ["\ufffd😀"]),
        (rb'["\uD83D", "\uD83D\uDE00"]', ["\ufffd", "😀"]),
        (rb'["\\ud83d", "\ud83d"]', ["\\ud83d", "\ufffd"]),
        (rb'["\\\ud83d"]', ["\\\ufffd"]),
        (rb'["\\\\ud83d", "\ude00"]', ["\\\\ud83d", "\ufffd"]),
        (rb'["\u00e9", "\ude00"]', ["é", "\ufffd"]),
    ],
)
def test_text_cut_through_a_sign_does_not_cost_the_page(cut: bytes, read_as: list[str]) -> None:
    assert body_of(answer(cut), TEXTS, "texts") == read_as


@given(texts=st.lists(st.text(st.characters()) | st.text(st.characters(categories=["Cs"])), max_size=5))
def test_any_text_that_javascript_can_hold_is_read(texts: list[str]) -> None:
    """Halves of pairs become U+FFFD; everything else stays as it is."""
    read = body_of(answer(json.dumps(texts).encode()), TEXTS, "texts")
    expected = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    assert read == expected


def test_a_body_that_cannot_be_mended_is_unreadable() -> None:
    with pytest.raises(UnreadableError):
        body_of(answer(rb'["\ud83d"'), TEXTS, "texts")


# records


def read(record: Raw) -> Execution:
    return toy_run(decode(RUN, record, "run").id)


def test_a_record_that_cannot_be_read_is_told_with_its_id_and_left_out() -> None:
    records = [Raw(b'{"id":"a"}'), Raw(b'{"id":"b","size":"x"}'), Raw(b"[]"), Raw(b'{"id":7}'), Raw(b'{"id":"e"}')]

    good, bad = read_records(records, read)

    assert [run.key for run in good] == [NativeId("flow-1", "a"), NativeId("flow-1", "e")]
    assert [one.native_id for one in bad] == ["b", None, None]
    assert bad[0].reason == "run: Expected `int`, got `str` - at `$.size`"


@pytest.mark.parametrize(
    ("record", "native_id"),
    [
        (b'{"executionId":"run-1"}', "run-1"),
        (b'{"executionId":"' + b"x" * 999 + b'"}', "x" * 200),
        (b'{"executionId":"\xff"}', None),
        (b'{"executionId":"run-1","deep":' + b"[" * 100_000, None),
        (b"", None),
    ],
)
def test_an_id_is_told_if_it_can_be_read(record: bytes, native_id: str | None) -> None:
    _, (bad,) = read_records([Raw(record)], read, "executionId")
    assert bad.native_id == native_id
    assert 0 < len(bad.reason) <= 200


# numbers and times


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        (None, None),
        (5816, 5816),
        ("5816", 5816),
        ("-5816", -5816),
        (["Long", 5816], 5816),
        (("Long", "5816"), 5816),
        (5816.0, 5816),
        (9_007_199_254_740_993, 9_007_199_254_740_993),
        ("999999999999999999", 999_999_999_999_999_999),
        (0, 0),
    ],
)
def test_an_integer_is_read_in_each_form_that_providers_write(value: object, read_as: int | None) -> None:
    assert integer(value) == read_as


@pytest.mark.parametrize(
    "value",
    ["", "5.5", "1e3", "0x10", " 7", "١", "1" * 19, 5.5, True, [], ["Long"], ["Int", 5], ["Long", ["Long", 5]], {}],
)
def test_what_is_no_integer_is_unreadable_and_never_nought(value: object) -> None:
    with pytest.raises(UnreadableError):
        integer(value)


@given(number=st.integers(-(10**18) + 1, 10**18 - 1), form=st.sampled_from(["n", "s", "pn", "ps"]))
def test_no_form_loses_a_digit(number: int, form: str) -> None:
    forms: dict[str, object] = {"n": number, "s": str(number), "pn": ["Long", number], "ps": ["Long", str(number)]}
    assert integer(forms[form]) == number


@pytest.mark.parametrize("text", [None, ""])
def test_no_time_is_none(text: str | None) -> None:
    assert instant(text) is None


def test_a_time_that_cannot_be_read_is_said_to_be_so() -> None:
    read_as = instant("2022-02-07T20:13:29.356648026Z")
    assert read_as is not None and read_as.ns % 10**9 == 356_648_026
    with pytest.raises(UnreadableError, match="not an RFC 3339 time with a zone: 'yesterday'"):
        instant("yesterday")


@pytest.mark.parametrize(
    ("raw", "is_there"), [(b"", False), (b"null", False), (b"0", True), (b'""', True), (b"{}", True)]
)
def test_null_and_what_was_left_out_are_not_there(raw: bytes, is_there: bool) -> None:
    assert (present(Raw(raw)) is not None) is is_there


# words


def test_a_word_is_known_whatever_its_case_and_blanks() -> None:
    words = StatusWords("toy", {"in progress": S.RUNNING})
    assert [words(word) for word in ("in progress", "IN PROGRESS", " In Progress ")] == [S.RUNNING] * 3
    assert words.statuses == {S.RUNNING, S.UNKNOWN}


def test_an_unknown_word_is_logged_once_and_cut() -> None:
    words = StatusWords("toy", {})

    with capture_logs() as logs:
        assert [words("odd"), words("odd"), words("x" * 99), words(None), words("")] == [S.UNKNOWN] * 5

    assert [(log["provider"], log["word"]) for log in logs] == [("toy", "odd"), ("toy", "x" * 40)]


def test_a_provider_that_makes_up_words_is_not_logged_for_ever() -> None:
    words = StatusWords("toy", {})

    with capture_logs() as logs:
        for index in range(500):
            words(f"word-{index}")

    assert len(logs) == 100
