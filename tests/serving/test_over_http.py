"""What a client sees: statuses, media types and headers, for what the audits do not ask."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from engine.limits import Limits
from serving.editions import Edition
from tests.serving.live import GRAPHQL, JSON, Client, service, serving

ALL = {"query": "{ __typename }"}
MUTATION = 'mutation { deleteExecution(id: "x") { deleted } }'
FIELD_FAILS = {"query": '{ executionHistory(after: "nonsense") { complete } }'}
WELL = {"data": {"__typename": "Query"}}


@pytest.fixture(scope="module")
def drafts() -> Iterator[Client]:
    with serving(service(Limits(body_bytes=2_000))) as client:
        yield client


@pytest.fixture(scope="module")
def edition() -> Iterator[Client]:
    with serving(service(http_edition=Edition.SEPTEMBER_2026)) as client:
        yield client


@pytest.fixture(params=["drafts", "edition"])
def either(request: pytest.FixtureRequest) -> Client:
    client: Client = request.getfixturevalue(request.param)
    return client


@pytest.mark.parametrize(
    ("body", "code", "drafts_status", "edition_status"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED", 400, 400),
        ({"query": "{ none }"}, "GRAPHQL_VALIDATION_FAILED", 400, 422),
        ({"query": "query A { __typename } query B { __typename }"}, "OPERATION_RESOLUTION_FAILURE", 400, 422),
        (ALL | {"operationName": "B"}, "OPERATION_RESOLUTION_FAILURE", 400, 422),
        ({"query": "query ($n: Int!) { executionHistory(first: $n) { complete } }"}, "BAD_USER_INPUT", 400, 422),
        ({"query": "{ executionHistory(first: 501) { complete } }"}, "BAD_USER_INPUT", 400, 422),
        ({"query": "{" + "__typename " * 11 + "}"}, "MAX_ROOT_FIELDS_LIMIT", 400, 422),
        ({"documentId": "sha256:" + "0" * 64}, "PERSISTED_QUERY_NOT_IN_LIST", 400, 422),
    ],
)
def test_a_request_that_is_not_executed_has_no_data(
    body: dict[str, Any], code: str, drafts_status: int, edition_status: int, drafts: Client, edition: Client
) -> None:
    for client, accept, status, media_type in (
        (drafts, GRAPHQL, drafts_status, GRAPHQL),
        (drafts, JSON, 200, JSON),
        (drafts, "*/*", 200, JSON),
        (edition, GRAPHQL, edition_status, GRAPHQL),
        (edition, JSON, edition_status, GRAPHQL),
    ):
        reply = client.post(body, accept)
        assert (reply.status, reply.media_type) == (status, media_type)
        assert reply.codes == [code]
        assert "data" not in reply.json
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("body", [{}, {"query": None}, {"query": 1}, [], [ALL], "x", None, ALL | {"variables": 1},
                                  ALL | {"extensions": []}, ALL | {"operationName": 3}])  # fmt: skip
def test_what_is_no_graphql_request_is_told_by_its_status(body: Any, drafts: Client, edition: Client) -> None:
    assert (drafts.post(body).status, edition.post(body).status) == (400, 422)
    assert drafts.post(body, GRAPHQL).codes == edition.post(body).codes == ["BAD_REQUEST"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b'{"query": "\\ud800"}', b"query { a }"])
def test_what_is_no_json_is_400_in_every_edition(body: bytes, either: Client) -> None:
    reply = either.post(body)

    assert (reply.status, reply.codes) == (400, ["BAD_REQUEST"])


def test_an_error_beside_data_is_200_and_in_the_edition_294_for_those_who_know_it(
    drafts: Client, edition: Client
) -> None:
    for client, accept, status in (
        (drafts, GRAPHQL, 200),
        (drafts, JSON, 200),
        (edition, GRAPHQL, 294),
        (edition, JSON, 200),
    ):
        reply = client.post(FIELD_FAILS, accept)
        assert (reply.status, reply.media_type) == (status, accept)
        assert reply.codes == ["CURSOR_INVALID"]
        assert reply.json["data"] == {"executionHistory": None}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", JSON),
        ("APPLICATION/JSON", JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json;q=0.9, application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json;q=0.4, application/json;q=0.5", JSON),
        ("application/graphql-response+json, application/json, multipart/mixed", GRAPHQL),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        ("application/json;q=0, */*", GRAPHQL),
        ("application/graphql-response+json;q=0, */*;q=0.1", JSON),
        ("text/html, */*;q=0.1", JSON),
    ],
)
def test_the_answer_is_what_the_caller_prefers(accept: str, media_type: str, drafts: Client) -> None:
    reply = drafts.post(ALL, accept)

    assert (reply.status, reply.json) == (200, WELL)
    assert reply.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert reply.headers["vary"] == "Accept"
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "*/*;q=0", "text/*", "application/graphql"])
def test_a_caller_that_takes_nothing_of_ours_is_told_so_in_json(accept: str, either: Client) -> None:
    reply = either.post(ALL, accept)

    assert (reply.status, reply.media_type, reply.codes) == (406, JSON, ["NOT_ACCEPTABLE"])


@pytest.mark.parametrize(
    "content_type", ["Application/JSON", "application/json; charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_is_json_however_it_is_written(content_type: str, drafts: Client) -> None:
    assert drafts.post(ALL, content_type=content_type).json == WELL


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql",
     "application/json; charset=latin-1", "application/jsonp"],
)  # fmt: skip
def test_other_bodies_are_refused(content_type: str, either: Client) -> None:
    """Among them those that a web page may send across origins without asking first."""
    reply = either.post(ALL, content_type=content_type)

    assert (reply.status, reply.codes) == (415, ["UNSUPPORTED_MEDIA_TYPE"])
    body = gzip.compress(b'{"query": "{ __typename }"}')
    assert either.post(body, **{"Content-Encoding": "gzip"}).status == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused_in_json_and_told_which_are_not(method: str, either: Client) -> None:
    reply = either.send(method, "/graphql")

    assert (reply.status, reply.codes, reply.headers["allow"]) == (405, ["METHOD_NOT_ALLOWED"], "GET, HEAD, POST")


def test_a_query_may_be_got_and_a_mutation_may_not(either: Client) -> None:
    assert either.get(query="{ __typename }").json == WELL
    asked = "query Q($a: Boolean!) { __typename @include(if: $a) }"
    assert either.get(query=asked, operationName="Q", variables='{"a": true}', extensions="{}").json == WELL
    reply = either.get(query=MUTATION)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert either.post({"query": MUTATION}).codes == ["FORBIDDEN"]
    assert either.get().codes == either.get(query="{ __typename }", variables="[]").codes == ["BAD_REQUEST"]
    assert either.get(query="{ __typename }", variables="{").status == 400
    head = either.send("HEAD", "/graphql?query=%7B__typename%7D", headers={"Accept": JSON})
    assert (head.status, head.body) == (200, b"")


def test_a_browser_is_led_to_the_explorer(drafts: Client) -> None:
    assert drafts.get("text/html,*/*;q=0.8").status == 307


def test_a_body_may_be_as_large_as_its_limit_and_no_larger(drafts: Client) -> None:
    body = b'{"query": "{ __typename }"}'

    assert drafts.post(body.ljust(2_000)).json == WELL
    assert (drafts.post(body.ljust(2_001)).status, drafts.post(body.ljust(2_001)).codes) == (413, ["PAYLOAD_TOO_LARGE"])
    assert drafts.get(query="{ __typename }", x="y" * 2_000).status == 413


def test_health_needs_no_graphql(drafts: Client) -> None:
    assert drafts.send("GET", "/healthz").json == {"status": "ok"}
