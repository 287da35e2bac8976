"""`DateTime` and `JSON`: no digit is lost, and nothing breaks an answer."""

import pytest
from graphql import GraphQLError
from msgspec import Raw

from resolvers.scalars import parse_date_time, serialize_date_time, serialize_json
from schema.instant import Instant


@pytest.mark.parametrize("text", ["2025-03-12T03:39:30.476391123Z", "2025-03-12T03:39:30Z", "2025-03-12T03:39:30.5Z"])
def test_a_time_keeps_its_digits(text: str) -> None:
    assert serialize_date_time(parse_date_time(text)) == text


def test_any_zone_is_understood() -> None:
    assert parse_date_time("2025-03-12T05:39:30+02:00") == Instant.parse("2025-03-12T03:39:30Z")


@pytest.mark.parametrize(
    "value", ["", "yesterday", "2025-03-12", "2025-03-12T03:39:30", "2025-13-12T03:39:30Z", 5, None, True]
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        parse_date_time(value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": [1, null]}', {"a": [1, None]}),
        (b'"text"', "text"),
        (b"12", 12),
        (b"not {json", "not {json"),
        (b"\xff", "\ufffd"),
    ],
)
def test_a_payload_is_given_as_it_came(raw: bytes, value: object) -> None:
    assert serialize_json(Raw(raw)) == value


def test_a_payload_nested_too_deep_is_given_as_text() -> None:
    assert isinstance(serialize_json(Raw(b"[" * 100_000)), str)
