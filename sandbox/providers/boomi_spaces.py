"""Boomi's Spaces GraphQL over the same records: one field, three mandatory inputs, no paging, no sort.

The sample request of its documentation gets the sample response, although the two do not fit; everything else is
parsed and run.
"""

from collections.abc import Callable

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLSyntaxError,
    ValueNode,
    graphql_sync,
)
from graphql.language import StringValueNode
from graphql.utilities import strip_ignored_characters

from sandbox.model import JSON
from sandbox.providers.boomi_filter import Simple
from sandbox.providers.boomi_query import Query, Row
from sandbox.providers.boomi_rows import Rows
from sandbox.samples import documented
from sandbox.stamps import instant

MOST_ROWS = 1000

_STATUSES = ("ABORTED", "COMPLETE", "COMPLETE_WARN", "DISCARDED", "ERROR", "INPROCESS", "STARTED")
_TEXTS = (
    "executionId", "originalExecutionId", "account", "executionTime", "status", "executionType", "processName",
    "atomName", "atomId", "message",
)  # fmt: skip
_COUNTS = ("inboundDocumentCount", "inboundErrorDocumentCount", "outboundDocumentCount")
_LONGS = ("executionDuration", "inboundDocumentSize", "outboundDocumentSize")


class Spaces:
    """Runs GraphQL requests. `rows` gives the account's rows as they are now."""

    def __init__(self, rows: Callable[[], Rows]) -> None:
        self._rows = rows
        self._schema = _schema(self._history)
        shown = documented("boomi")["spaces"]
        self._sample = strip_ignored_characters(shown["request"])
        self._sample_answer: JSON = shown["answer"]

    def run(self, text: str, variables: dict[str, JSON] | None, operation: str | None) -> JSON:
        """The body that answers a request."""
        try:
            if strip_ignored_characters(text) == self._sample:
                return self._sample_answer
        except GraphQLSyntaxError:
            pass  # it is told in the answer
        result = graphql_sync(self._schema, text, variable_values=variables, operation_name=operation)
        return {key: value for key, value in result.formatted.items() if key != "extensions"}

    def _history(self, source: object, info: object, **arguments: JSON) -> list[Row]:
        del source, info
        wanted, rows = arguments["input"], self._rows()
        process = Query("ExecutionRecord", Simple("EQUALS", "processId", (wanted["processId"],)))
        since, status = wanted["executionTime"], wanted["status"]
        newest_first = Query(process.kind, process.expression, (("executionTime", True),))
        found = (
            run
            for run in newest_first.runs(rows)
            if str(rows.value(run, "executionTime")) >= since and rows.value(run, "status") == status
        )
        return [_paired(rows.record(run)) for run, _ in zip(found, range(MOST_ROWS), strict=False)]


def error(code: str, message: str) -> JSON:
    """The body of a request that failed as a whole."""
    return {"errors": [{"message": message, "path": ["executionHistory"], "extensions": {"code": code}}], "data": None}


def _paired(row: Row) -> Row:
    """Its int64 fields as GraphQL has them, `["Long", "5816"]`."""
    for name in _LONGS:
        if name in row:
            value = row[name]
            row[name] = ["Long", str(value[1] if isinstance(value, list) else value)]
    return row


def _schema(resolve: Callable[..., list[Row]]) -> GraphQLSchema:
    status = GraphQLEnumType("ExecutionHistoryStatus", {name: name for name in _STATUSES})
    moment = GraphQLScalarType("DateTime", parse_value=_moment, parse_literal=_moment_literal)
    wanted = GraphQLInputObjectType(
        "executionHistoryInput",
        {
            "processId": GraphQLInputField(GraphQLNonNull(GraphQLID)),
            "executionTime": GraphQLInputField(GraphQLNonNull(moment)),
            "status": GraphQLInputField(GraphQLNonNull(status)),
        },
    )
    texts = {name: GraphQLField(GraphQLString) for name in _TEXTS}
    counts = {name: GraphQLField(GraphQLInt) for name in _COUNTS}
    longs = {name: GraphQLField(GraphQLList(GraphQLString)) for name in _LONGS}
    history = GraphQLObjectType("ExecutionHistory", {**texts, **counts, **longs})
    field = GraphQLField(GraphQLList(history), args={"input": GraphQLArgument(GraphQLNonNull(wanted))}, resolve=resolve)
    return GraphQLSchema(GraphQLObjectType("Query", {"executionHistory": field}))


def _moment(value: object) -> str:
    text = str(value)
    try:
        instant(text)
    except ValueError:
        text = ""
    if len(text) != len("2023-01-31T15:32:00Z") or not text.endswith("Z"):
        raise GraphQLError("a DateTime is written yyyy-MM-dd'T'HH:mm:ss'Z'")
    return text


def _moment_literal(node: ValueNode, variables: object = None) -> str:
    del variables
    return _moment(node.value if isinstance(node, StringValueNode) else "")
