"""What clients see of errors, and what the log tells of them.

A caller's mistake is one line without its text, as that may hold what the caller would not have written down. An error
of ours is logged whole, once, and shown as a reference.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError

from engine.errors import ErrorCode

log = structlog.get_logger("histograph.graphql")

Formatted = dict[str, Any]


def tell_refusal(errors: Sequence[GraphQLError], limit: int, document: str | None = None) -> list[Formatted]:
    """The errors of a request that was not executed."""
    told = [_formatted(error, error.message, str(code_of(error))) for error in errors[:limit]]
    log.info("request refused", code=told[0]["extensions"]["code"], errors=len(errors), document=document)
    return told


def tell_errors(
    errors: Sequence[GraphQLError], variables: Mapping[str, Any], document: str | None = None
) -> list[Formatted]:
    """The errors of fields of an answer; the rest of it is there. A thousand keys may all be wrong in the same way."""
    told: list[Formatted] = []
    hidden = cache(partial(without_values, variables=variables))
    counts: Counter[str] = Counter()
    references: dict[int, str] = {}
    for error in errors:
        code = code_of(error)
        if code is ErrorCode.INTERNAL_SERVER_ERROR:
            told.append(_masked(error, references))
        else:
            counts[code.value] += 1
            told.append(_formatted(error, hidden(error.message), code))
    if counts:
        log.info("fields refused", codes=dict(counts), document=document)
    return told


def tell_fault(fault: Exception) -> Formatted:
    """An error of ours that left nothing to answer with."""
    return _masked(GraphQLError("", original_error=fault), {})


def code_of(error: GraphQLError) -> ErrorCode:
    """The code that an error names, if it stands in the table. Whatever else comes up was not foreseen."""
    code = str((error.extensions or {}).get("code"))
    return ErrorCode.__members__.get(code, ErrorCode.INTERNAL_SERVER_ERROR)


def without_values(message: str, variables: Mapping[str, Any]) -> str:
    """The message without quoted values of variables: they may be secret, and clients and gateways log messages."""
    if "'" in message or '"' in message:
        for text in _texts(variables):
            for quoted in (repr(text), f'"{text}"', repr(text[:80])):
                message = message.replace(quoted, "(the value given)")
    return message


def _formatted(error: GraphQLError, message: str, code: str) -> Formatted:
    told: Formatted = {**error.formatted, "message": message}
    told["extensions"] = {**(error.extensions or {}), "code": code}
    return told


def _masked(error: GraphQLError, references: dict[int, str]) -> Formatted:
    """Shown as a reference; an exception that hit several fields has one, and is logged once."""
    cause = error.original_error or error
    reference = references.get(id(cause))
    if reference is None:
        reference = references[id(cause)] = uuid4().hex[:12]
        log.error("unexpected error", reference=reference, path=error.path, exc_info=cause)
    shown = _formatted(error, f"Internal error, reference {reference}", ErrorCode.INTERNAL_SERVER_ERROR)
    return {**shown, "extensions": {"code": ErrorCode.INTERNAL_SERVER_ERROR, "reference": reference}}


def _texts(variables: Mapping[str, Any]) -> Iterator[str]:
    """Every text in the values of variables."""
    rest: list[Any] = list(variables.values())
    while rest:
        value = rest.pop()
        if isinstance(value, str) and value:
            yield value
        elif isinstance(value, dict):
            rest.extend(value.values())
        elif isinstance(value, list | tuple):
            rest.extend(value)
