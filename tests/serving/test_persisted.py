"""Documents by hash: those that the operator trusts, and those that a client has sent before."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine.documents import sha256_of
from engine.errors import ErrorCode, RefusedError
from serving.persisted import Store
from serving.request import GraphQLRequest
from serving.trusted import Manifest, Trust, TrustedDocuments
from tests.serving.live import GRAPHQL, Client, service, serving

KNOWN = "query Known { __typename }"
OTHER = "query Other { __typename }"
WELL = {"data": {"__typename": "Query"}}


def persisted(text: str, version: int = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": sha256_of(text)}}


def outcome(store: Store, **asked: Any) -> str:
    """The text that is meant, or the code of the refusal."""
    try:
        return store.text(GraphQLRequest(**asked))
    except RefusedError as refusal:
        return str((refusal.errors[0].extensions or {})["code"])


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(service()) as client:
        yield client


@pytest.mark.parametrize("accept", ["*/*", GRAPHQL])
def test_a_hash_is_unknown_until_its_document_was_sent_along(accept: str, client: Client) -> None:
    """As Apollo's gateway and clients probe: 200, and a message they know."""
    asked = f"query {accept[:3].strip('*/')}X {{ __typename }}"

    first = client.post({"extensions": persisted(asked)}, accept)
    assert (first.status, first.codes) == (200, ["PERSISTED_QUERY_NOT_FOUND"])
    assert first.json["errors"][0]["message"] == "PersistedQueryNotFound"
    assert client.post({"query": asked, "extensions": persisted(asked)}, accept).json == WELL
    assert client.post({"extensions": persisted(asked)}, accept).json == WELL
    assert client.get(extensions=json.dumps(persisted(asked))).json == WELL


def test_a_document_that_is_refused_is_not_remembered(client: Client) -> None:
    wrong = "{ wrong }"

    assert client.post({"query": wrong, "extensions": persisted(wrong)}).codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert client.post({"extensions": persisted(wrong)}).codes == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize(
    ("extensions", "code"),
    [
        (persisted(KNOWN, version=2), ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED),
        ({"persistedQuery": 1}, ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED),
        ({"persistedQuery": {"version": 1}}, ErrorCode.BAD_REQUEST),
        ({"persistedQuery": {"version": 1, "sha256Hash": "zz"}}, ErrorCode.BAD_REQUEST),
    ],
)
def test_other_ways_to_persist_are_not_known(extensions: dict[str, Any], code: ErrorCode) -> None:
    assert outcome(Store(), extensions=extensions) == code
    assert outcome(Store(), extensions=persisted(OTHER), query=KNOWN) == ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("trust", Trust)
def test_a_trusted_document_goes_by_either_name(trust: Trust) -> None:
    store = Store({sha256_of(KNOWN): KNOWN}, trust)

    assert outcome(store, document_id=f"sha256:{sha256_of(KNOWN)}") == KNOWN
    assert outcome(store, document_id=sha256_of(KNOWN)) == KNOWN
    assert outcome(store, document_id=sha256_of(KNOWN), query=KNOWN) == KNOWN
    assert outcome(store, extensions=persisted(KNOWN)) == KNOWN
    assert outcome(store, query=KNOWN) == KNOWN
    assert outcome(store, document_id=sha256_of(OTHER)) == ErrorCode.PERSISTED_QUERY_NOT_IN_LIST
    assert outcome(store, document_id=sha256_of(KNOWN), query=OTHER) == ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(("trust", "told"), [(Trust.OFF, False), (Trust.LOG, True)])
def test_a_document_that_is_not_trusted_runs_and_is_told_of_if_so_set(trust: Trust, told: bool) -> None:
    store = Store({sha256_of(KNOWN): KNOWN}, trust)

    with capture_logs() as lines:
        assert outcome(store, query=OTHER) == OTHER

    assert [line["document"] for line in lines] == ([sha256_of(OTHER)] if told else [])


def test_enforced_only_trusted_documents_run_whatever_was_sent_before() -> None:
    store = Store({sha256_of(KNOWN): KNOWN}, Trust.ENFORCE)
    store.keep(GraphQLRequest(query=OTHER, extensions=persisted(OTHER)), OTHER)

    assert outcome(store, query=OTHER) == ErrorCode.QUERY_NOT_IN_SAFELIST
    assert outcome(store, query=OTHER, extensions=persisted(OTHER)) == ErrorCode.QUERY_NOT_IN_SAFELIST
    assert outcome(store, extensions=persisted(OTHER)) == ErrorCode.PERSISTED_QUERY_NOT_IN_LIST
    assert outcome(store) == ErrorCode.BAD_REQUEST


def test_enforcement_as_a_client_meets_it() -> None:
    trusted = TrustedDocuments(file=Manifest({sha256_of(KNOWN): KNOWN}))
    with serving(service(trusted_documents=trusted)) as client:
        assert client.post({"documentId": f"sha256:{sha256_of(KNOWN)}"}).json == WELL
        assert client.get(documentId=f"sha256:{sha256_of(KNOWN)}").json == WELL
        assert client.post({"query": KNOWN}).json == WELL
        refused = client.post({"query": OTHER}, GRAPHQL)
        assert (refused.status, refused.codes) == (400, ["QUERY_NOT_IN_SAFELIST"])


@pytest.mark.parametrize(
    "manifest",
    [
        {sha256_of(KNOWN): KNOWN},
        {f"sha256:{sha256_of(KNOWN).upper()}": KNOWN},
        {"format": "apollo-persisted-query-manifest", "version": 1,
         "operations": [{"id": sha256_of(KNOWN), "name": "Known", "type": "query", "body": KNOWN}]},
    ],
)  # fmt: skip
def test_a_manifest_is_what_client_tools_write(manifest: Any, tmp_path: Path) -> None:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(manifest), encoding="utf-8")

    assert Manifest.read(file).documents == {sha256_of(KNOWN): KNOWN}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no manifest"),
        ("[]", "is no manifest"),
        ('{"a": 1}', "is no manifest"),
        ('{"operations": [{}]}', "is no manifest"),
        ('{"a": "{ b }"}', "has a document under a, which is not its sha256"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "documents.json").write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match=told):
        Manifest.read(tmp_path / "documents.json")
    with pytest.raises(ValueError, match=r"the file none\.json cannot be read: No such file"):
        Manifest.read(tmp_path / "none.json")
