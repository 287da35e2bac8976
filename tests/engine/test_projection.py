"""Answers without chosen fields, wherever and under whatever name those were asked for."""

from typing import Any

import pytest

from engine.projection import Projection, without
from tests.engine.limited import SCHEMA, documents

FIELDS = frozenset({"Runs.total", "Edge.cursor", "Query.leaf"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ tags }", {}),
        ("{ leaf }", {"leaf": None}),
        ("{ other: leaf self { leaf tags } }", {"other": None, "self": {"leaf": None}}),
        ("{ runs { total nodes { id } } }", {"runs": {"total": None}}),
        ("{ runs { edges { c: cursor node { id } } } }", {"runs": {"edges": {"c": None}}}),
        ("{ ...A } fragment A on Query { runs { ... { total } } }", {"runs": {"total": None}}),
        ("{ self { leaf } ... on Query { self { leaf tags } } }", {"self": {"leaf": None}}),
        ("{ twice { id } runs { nodes { steps { total } } } }", {}),
    ],
)
def test_paths_are_those_of_the_answer(text: str, expected: dict[str, Any]) -> None:
    operation = documents().read(text).operation(None)

    assert Projection(SCHEMA, FIELDS).paths(operation) == expected


def test_what_is_left_out_is_left_out_of_every_item() -> None:
    data = {"runs": {"edges": [{"c": "1", "node": {"id": 1}}, {"c": "2", "node": None}, None], "total": 2}}

    left = without(data, {"runs": {"edges": {"c": None}, "total": None}})

    assert left == {"runs": {"edges": [{"node": {"id": 1}}, {"node": None}, None]}}
    assert without(data, {}) is data
