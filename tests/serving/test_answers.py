"""What becomes of errors, of callers that leave or dawdle, and of answers that no JSON can hold."""

import asyncio
import math
from typing import Any

import pytest
from ariadne import QueryType, make_executable_schema
from graphql import GraphQLSchema
from structlog.testing import capture_logs

from engine.limits import Limits
from resolvers.errors import bad_input
from tests.serving.asked import asked, endpoint_of, received

SECRET = "canary-Zq81"
query = QueryType()


class Told:
    """What resolvers of this test saw."""

    cancelled = False
    once = RuntimeError(f"401 for https://example.com?key={SECRET}")


@query.field("fails")
def resolve_fails(*_: object) -> None:
    raise Told.once


@query.field("refuses")
def resolve_refuses(_: object, __: object, text: str | None = None) -> None:
    raise bad_input(f"text: no such text {text!r}")


@query.field("odd")
def resolve_odd(*_: object) -> str:
    return "half \ud800 a pair"


@query.field("hangs")
async def resolve_hangs(*_: object) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        Told.cancelled = True
        raise


@query.field("number")
def resolve_number(*_: object) -> float:
    return math.inf


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return make_executable_schema(
        "type Query { fails: Int refuses(text: String): Int odd: String hangs: Int number: Float never: Int! ok: Int }",
        query,
    )


async def test_an_unexpected_error_is_shown_as_a_reference_and_logged_whole_once(schema: GraphQLSchema) -> None:
    with capture_logs() as lines:
        reply = await asked(endpoint_of(schema), {"query": "{ fails again: fails ok }"})

    first, second = reply.json["errors"]
    reference = first["extensions"]["reference"]
    assert first["extensions"] == second["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "reference": reference}
    assert first["message"] == f"Internal error, reference {reference}"
    assert (first["path"], first["locations"]) == (["fails"], [{"line": 1, "column": 3}])
    assert SECRET not in reply.body.decode()
    assert reply.json["data"] == {"fails": None, "again": None, "ok": None}
    (line,) = lines
    assert (line["log_level"], line["reference"], line["exc_info"]) == ("error", reference, Told.once)


@pytest.mark.parametrize(
    ("asked_for", "variables"),
    [
        ({"query": "{"}, None),
        ({"query": f'{{ none(a: "{SECRET}") }}'}, None),
        ({"query": "query ($n: Int) { refuses(text: $n) }"}, {"n": SECRET}),
        ({"query": "query ($n: Boolean!) { ok @include(if: $n) }"}, {"n": SECRET}),
        ({"query": "query ($t: String) { refuses(text: $t) again: refuses(text: $t) }"}, {"t": SECRET}),
        ({"query": "{ ok }", "operationName": SECRET}, None),
    ],
)
async def test_a_mistake_of_the_caller_is_one_line_without_traceback_or_values(
    asked_for: dict[str, Any], variables: Any, schema: GraphQLSchema
) -> None:
    with capture_logs() as lines:
        reply = await asked(endpoint_of(schema), asked_for | {"variables": variables})

    assert reply.codes
    (line,) = lines
    assert line["log_level"] == "info"
    assert "exc_info" not in line
    assert SECRET not in str(line)
    assert len(str(line)) < 400
    if variables:
        assert SECRET not in reply.body.decode()


async def test_an_error_that_nobody_foresaw_is_masked_though_graphql_made_it(schema: GraphQLSchema) -> None:
    with capture_logs() as lines:
        reply = await asked(endpoint_of(schema), {"query": "{ number }"})
        none = await asked(endpoint_of(schema), {"query": "{ never }"})

    assert reply.codes == none.codes == ["INTERNAL_SERVER_ERROR"]
    assert none.json["data"] is None
    assert [line["log_level"] for line in lines] == ["error", "error"]


async def test_what_no_json_can_hold_is_answered_all_the_same(schema: GraphQLSchema) -> None:
    reply = await asked(endpoint_of(schema), {"query": "{ odd }"})

    assert reply.json == {"data": {"odd": "half \ud800 a pair"}}


async def test_a_client_that_leaves_cancels_its_query(schema: GraphQLSchema) -> None:
    reply = await asked(endpoint_of(schema), {"query": "{ hangs }"}, stays=False)

    assert reply.status == 0
    assert Told.cancelled


async def test_a_client_that_leaves_before_it_has_asked_is_not_answered(schema: GraphQLSchema) -> None:
    assert (await received(endpoint_of(schema), [b"{"], stays=False, ends=False)).status == 0


async def test_a_body_has_a_deadline(schema: GraphQLSchema) -> None:
    reply = await received(endpoint_of(schema, Limits(body_seconds=1e-9)), [b"{"], ends=False)

    assert (reply.status, reply.codes, reply.headers["connection"]) == (408, ["REQUEST_TIMEOUT"], "close")


@pytest.mark.parametrize("announced", [None, "100000000", "9" * 30])
async def test_a_huge_body_is_refused_by_what_it_announces_or_when_enough_has_come(
    announced: str | None, schema: GraphQLSchema
) -> None:
    """The client has a hundred megabytes to send; what is read of them is little."""
    headers = {} if announced is None else {"content-length": announced}
    endless = [b"[" * 65_536] * 4

    reply = await received(endpoint_of(schema), endless, headers, ends=False)

    assert (reply.status, reply.codes) == (413, ["PAYLOAD_TOO_LARGE"])


async def test_a_fault_of_the_server_is_json_with_a_reference(
    schema: GraphQLSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = endpoint_of(schema)
    monkeypatch.setattr(type(endpoint.documents), "read", lambda *_: 1 / 0)
    with capture_logs() as lines:
        reply = await asked(endpoint, {"query": "{ ok }"})

    assert (reply.status, reply.codes) == (500, ["INTERNAL_SERVER_ERROR"])
    assert lines[0]["reference"] in reply.json["errors"][0]["message"]
