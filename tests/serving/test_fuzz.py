"""Whatever is sent, the answer is never 5xx: any bytes, any JSON, any document that fits the schema or nearly does."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from graphql import NameNode, ObjectFieldNode, ObjectValueNode, StringValueNode, print_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, from_schema
from schemathesis.core.result import Ok
from structlog.testing import capture_logs

from app import build_schema
from connectors.registry import find_providers
from engine.limits import Limits
from tests.serving.live import GRAPHQL, JSON, Client, over_sandbox

WIDE = Limits(
    tokens=20_000, aliases=1_000, root_fields=100, directives=100, selections=20_000, fragments=100,
    introspection_cost=10_000_000, cost=10_000_000,
)  # fmt: skip
"So that what is generated is executed, rather than refused for its size."
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

SCHEMA = print_schema(build_schema(find_providers()))
TIMES = st.sampled_from(["2026-11-20T08:00:00Z", "2026-11-20T08:00:00.123456789+03:00", "yesterday", ""])


def representation(name: str) -> ObjectValueNode:
    fields = {"__typename": name, "id": "WyJsbG0iLCJ3IiwiMSJd"}
    return ObjectValueNode(
        fields=tuple(
            ObjectFieldNode(name=NameNode(value=key), value=StringValueNode(value=value))
            for key, value in fields.items()
        )
    )


SCALARS = {
    "DateTime": TIMES.map(lambda text: StringValueNode(value=text)),
    "JSON": st.just(StringValueNode(value="{}")),
    "_Any": st.sampled_from(["Execution", "ExecutionStep", "Workflow", "BoomiExecution", "None"]).map(representation),
}
DOCUMENTS = st.one_of(
    from_schema(SCHEMA, custom_scalars=SCALARS, fields=["executionHistory"]),
    from_schema(SCHEMA, custom_scalars=SCALARS, fields=["_entities"]),
    from_schema(SCHEMA, custom_scalars=SCALARS, mode=Mode.NEGATIVE),
    from_schema(SCHEMA, custom_scalars=SCALARS),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with over_sandbox(tmp_path_factory.mktemp("fuzz"), WIDE) as client:
        yield client


@QUICK
@given(document=DOCUMENTS)
def test_generated_documents_are_answered(client: Client, document: str) -> None:
    reply = client.post({"query": document}, GRAPHQL)

    assert reply.status < 500, reply.body
    assert "INTERNAL_SERVER_ERROR" not in reply.codes, document


@QUICK
@given(body=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_answered(client: Client, body: bytes) -> None:
    assert 200 <= client.post(body).status < 500


WITH_VARIABLE = "query ($f: Int) { executionHistory(first: $f) { asOf } }"
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "query": st.sampled_from(["{ __typename }", "query ($f: Int) { executionHistory(first: $f) { asOf } }"])
        | VALUES,
        "variables": st.dictionaries(st.sampled_from(["f", "g"]), VALUES) | VALUES,
        "operationName": VALUES,
        "extensions": st.fixed_dictionaries({"persistedQuery": VALUES}) | VALUES,
        "documentId": VALUES,
    },
)


@QUICK
@given(asked=MEMBERS, accept=st.sampled_from([JSON, GRAPHQL, "*/*", "image/png", ";;q=", "application/json;q=x"]))
def test_any_members_of_a_request_are_answered(client: Client, asked: Any, accept: str) -> None:
    assert 200 <= client.post(asked, accept).status < 500


@QUICK
@given(query=st.text(alphabet=st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=50))
def test_any_query_string_is_answered(client: Client, query: str) -> None:
    assert 200 <= client.get(query=query, variables=query, extensions=query, documentId=query).status < 500
    assert 200 <= client.get(query=query).status < 500


def test_schemathesis_finds_no_5xx(client: Client) -> None:
    """As a stranger would run it, from our introspection alone; HISTOGRAPH_FUZZ cases of each root field.

    It leaves Federation's fields out: the documents above have them.
    """
    for name, strategy in SCALARS.items():
        schemathesis.graphql.scalar(name, strategy)
    found = schemathesis.graphql.from_url(f"{client.url}/graphql")
    operations = [result.ok() for result in found.get_all_operations() if isinstance(result, Ok)]
    assert {operation.label for operation in operations} == {"Query.executionHistory", "Mutation.deleteExecution"}

    for operation in operations:
        with capture_logs():  # a line for each that is refused
            statuses = answers_to(operation, int(os.environ.get("HISTOGRAPH_FUZZ", "20")))
        assert max(statuses) < 500
        print(f"{operation.label}: {statuses.total()} cases, answered with {dict(statuses)}")


def answers_to(operation: Any, cases: int) -> Counter[int]:
    """How many were answered with which status."""
    statuses: Counter[int] = Counter()

    @settings(QUICK, max_examples=cases)
    @given(case=operation.as_strategy())
    def is_answered(case: Any) -> None:
        reply = case.call()
        statuses[reply.status_code] += 1
        assert reply.status_code < 500, reply.text
        assert "INTERNAL_SERVER_ERROR" not in reply.text

    is_answered()
    return statuses
