"""Boomi's filter grammar: an `ExecutionQuery` as the body of `ExecutionRecord/query`."""

from collections.abc import Iterable, Sequence
from typing import Any

from connectors.contract import ExecutionQuery
from connectors.providers.boomi.records import WORDS
from schema.instant import SECOND, Instant
from schema.model import ExecutionStatus

Expression = dict[str, Any]

PUSHED = {
    ExecutionStatus.QUEUED: ("ENQUEUED",),
    ExecutionStatus.RUNNING: ("STARTED", "INPROCESS"),
    ExecutionStatus.SUCCEEDED: ("COMPLETE",),
    ExecutionStatus.SUCCEEDED_WITH_WARNINGS: ("COMPLETE_WARN",),
    ExecutionStatus.FAILED: ("ERROR",),
    ExecutionStatus.ABORTED: ("ABORTED", "ABORTED_RECOVERING"),
    ExecutionStatus.DISCARDED: ("DISCARDED",),
}
KNOWN_WORDS = [word for words in PUSHED.values() for word in words]


def query_config(query: ExecutionQuery) -> dict[str, Any]:
    """The whole body: filter and order. Arguments of time are whole seconds, so bounds are widened to these."""
    found: list[Expression] = []
    if query.workflow_ids is not None:
        found.append(any_of("processId", sorted(query.workflow_ids)))
    if query.started.start is not None:
        found.append(simple("GREATER_THAN_OR_EQUAL", "executionTime", _second(query.started.start)))
    if query.started.end is not None:
        found.append(simple("LESS_THAN_OR_EQUAL", "executionTime", _second(query.started.end + SECOND - 1)))
    if query.statuses is not None:
        found += _status(query.statuses)
    sort = {"fieldName": "executionTime", "sortOrder": "DESC" if query.order.is_descending else "ASC"}
    return (filtered(group("and", found)) if found else {}) | {"QuerySort": {"sortField": [sort]}}


def filtered(expression: Expression) -> dict[str, Any]:
    """A `QueryConfig` without an order."""
    return {"QueryFilter": {"expression": expression}}


def any_of(name: str, values: Iterable[str]) -> Expression:
    """The property has one of these values."""
    return group("or", [simple("EQUALS", name, value) for value in values])


def simple(operator: str, name: str, *arguments: str) -> Expression:
    """One condition."""
    return {"operator": operator, "property": name, "argument": list(arguments)}


def group(operator: str, members: Sequence[Expression]) -> Expression:
    """Conditions together; one alone stands bare, as in Boomi's own samples."""
    return members[0] if len(members) == 1 else {"operator": operator, "nestedExpression": list(members)}


def _status(statuses: frozenset[ExecutionStatus]) -> list[Expression]:
    """UNKNOWN can only be asked for as «none of the known words», and not together with others."""
    words = [word for status in PUSHED if status in statuses for word in PUSHED[status]]
    if ExecutionStatus.UNKNOWN not in statuses:
        return [any_of("status", words)] if words else []
    return [] if words else [simple("NOT_EQUALS", "status", word) for word in KNOWN_WORDS]


def _second(ns: int) -> str:
    return Instant.of(ns // SECOND * SECOND).text


assert WORDS.statuses - {ExecutionStatus.UNKNOWN} == PUSHED.keys()  # noqa: S101  # each state is pushed down
