"""A bench that compares different work is worthless: what has to be answered, and that servers answer it."""

from collections.abc import Callable

import msgspec
import pytest
from starlette.applications import Starlette

from bench import data
from bench.peers import by_hand, ours, plain_ariadne
from bench.shapes import SHAPES
from tests.serving.live import serving

SERVERS: dict[str, Callable[[], Starlette]] = {
    "ours": ours.make,
    "plain ariadne": plain_ariadne.make,
    "by hand": by_hand.make,
}


def test_what_is_expected_are_the_fields_that_the_document_names_and_no_other() -> None:
    runs = [{"id": "r1", "status": "FAILED", "steps": {"nodes": [{"name": "a", "type": "b"}]}, "error": None}] * 3
    document = (
        "query Q { executionHistory(first: 2) { nodes { id error { code } steps { nodes { name } } } complete } }"
    )

    found = data.expected(document, runs)

    one = {"id": "r1", "error": None, "steps": {"nodes": [{"name": "a"}]}}
    assert found == {"executionHistory": {"nodes": [one, one], "complete": True}}


def test_the_runs_come_newest_first_and_no_two_at_one_time() -> None:
    starts = [run["startedAt"] for run in data.runs()]

    assert starts == sorted(set(starts), reverse=True)


def test_some_runs_have_failed_and_some_are_not_over() -> None:
    assert {run["status"] for run in data.runs()[:100]} == {"SUCCEEDED", "FAILED", "RUNNING"}


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_gives_the_expected_values(server: str) -> None:
    with serving(SERVERS[server]()) as client:
        answers = {shape.name: client.post(shape.body).body for shape in SHAPES}

    runs = data.runs()
    assert {name: msgspec.json.decode(body) for name, body in answers.items()} == {
        shape.name: {"data": data.expected(shape.document, runs)} for shape in SHAPES
    }
