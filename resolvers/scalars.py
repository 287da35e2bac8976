"""`DateTime` and `JSON`: text to `Instant` and back, and a provider's bytes to a JSON value, as late as possible."""

from typing import Any

import msgspec
from ariadne import ScalarType
from graphql import GraphQLError
from msgspec import Raw

from schema.instant import Instant

date_time = ScalarType("DateTime")
json = ScalarType("JSON")

_decode = msgspec.json.Decoder().decode


@date_time.serializer
def serialize_date_time(value: Instant) -> str:
    """With all the digits that came."""
    return value.text


@date_time.value_parser
def parse_date_time(value: object) -> Instant:
    """RFC 3339 with any offset."""
    if not isinstance(value, str):
        raise GraphQLError("a DateTime is a string, such as 2025-03-12T03:39:30.476391Z")
    try:
        return Instant.parse(value)
    except ValueError as error:
        raise GraphQLError(f"DateTime: {error}") from None


@json.serializer
def serialize_json(value: Raw) -> Any:
    """A provider's JSON. What is no JSON after all (a string that was said to hold some) is given as text."""
    try:
        return _decode(value)
    except (msgspec.MsgspecError, RecursionError):
        return bytes(value).decode("utf-8", "replace")
