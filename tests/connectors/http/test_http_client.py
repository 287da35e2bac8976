"""Requests as values: ids in paths, parameters, bodies."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import MissingError
from connectors.http.client import Request, get, path, post

sendable = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80).filter(
    lambda text: text not in (".", "..")
)


@pytest.mark.parametrize(
    ("native_id", "segment"),
    [
        ("plain", "plain"),
        ("a:b/c", "a%3Ab%2Fc"),
        ("../../admin", "..%2F..%2Fadmin"),
        ("%2e%2e", "%252e%252e"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("\r\nHost: evil", "%0D%0AHost%3A%20evil"),
        ("ü", "%C3%BC"),
        ("{}", "%7B%7D"),
        ("...", "..."),
    ],
)
def test_an_id_is_escaped_into_one_segment(native_id: str, segment: str) -> None:
    assert path("/workflows/{}/runs", native_id) == f"/workflows/{segment}/runs"


@given(first=sendable, second=sendable)
def test_ids_are_read_back_from_their_segments(first: str, second: str) -> None:
    parts = path("/jobs/{}/history/{}", first, second).split("/")
    assert [unquote(part) for part in parts] == ["", "jobs", first, "history", second]


@pytest.mark.parametrize("native_id", ["", ".", "..", "x" * 513, "\ud800", "a\udfffb"])
def test_an_id_that_cannot_be_sent_is_one_that_does_not_exist(native_id: str) -> None:
    with pytest.raises(MissingError, match="there can be no such id"):
        path("/workflows/{}", native_id)


def test_parameters_of_none_are_left_out_and_numbers_are_text() -> None:
    assert get("/runs", {"limit": 10, "offset": 0, "token": None, "empty": ""}) == Request(
        path="/runs", params=(("limit", "10"), ("offset", "0"), ("empty", ""))
    )


def test_a_parameter_or_a_body_that_utf8_cannot_carry_is_not_sent() -> None:
    with pytest.raises(MissingError):
        get("/runs", {"workflowId": "\ud800"})
    with pytest.raises(MissingError):
        post("/query", {"argument": ["\udfff"]})


def test_a_query_by_post_is_json_and_a_read() -> None:
    assert post("/query", {"a": ["ü"]}) == Request(
        method="POST",
        path="/query",
        headers=(("Accept", "application/json"), ("Content-Type", "application/json")),
        body='{"a":["ü"]}'.encode(),
        is_read=True,
    )
    assert post("/start", {}, is_read=False).is_read is False


def test_headers_are_added_to_a_copy() -> None:
    request = get("/runs")
    assert request.with_headers({"Authorization": "Bearer t"}).headers == (
        ("Accept", "application/json"),
        ("Authorization", "Bearer t"),
    )
    assert request.headers == (("Accept", "application/json"),)
