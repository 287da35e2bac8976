"""Documents are prepared once, say what is wrong with them and no more, and never show a value of a variable."""

import json
from typing import Any

import pytest
from graphql import build_schema
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import documents as module
from engine.documents import Documents, sha256_of
from engine.errors import ErrorCode, RefusedError
from tests.engine.limited import codes, documents

CANARY = "canary-Zq81"


def told(read: Documents, text: str, variables: dict[str, Any] | None = None) -> str:
    """All that is said of a request that is refused."""
    with pytest.raises(RefusedError) as caught:
        read.check(read.read(text).operation(None), variables or {})
    return json.dumps([error.formatted for error in caught.value.errors])


def test_a_document_is_prepared_once() -> None:
    read = documents()

    first = read.read("{ leaf }")

    assert read.read("{ leaf }") is first
    assert read.read("{ leaf } ") is not first
    assert (first.sha256, first.length) == (sha256_of("{ leaf }"), 8)


def test_documents_not_used_for_long_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 40)
    read = documents()

    first = read.read("{ leaf }")
    for width in range(9, 20):
        read.read("{ leaf }".ljust(width))

    assert read.read("{ leaf }") is not first


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ErrorCode.GRAPHQL_PARSE_FAILED),
        ("{", ErrorCode.GRAPHQL_PARSE_FAILED),
        ("{ leaf( }", ErrorCode.GRAPHQL_PARSE_FAILED),
        ("fragment F on Query { leaf }", ErrorCode.GRAPHQL_VALIDATION_FAILED),
        ("{ none }", ErrorCode.GRAPHQL_VALIDATION_FAILED),
        ("subscription { leaf }", ErrorCode.GRAPHQL_VALIDATION_FAILED),
        ("type A { b: Int }", ErrorCode.GRAPHQL_VALIDATION_FAILED),
        ("query A { leaf } query B { leaf }", ErrorCode.OPERATION_RESOLUTION_FAILURE),
    ],
)
def test_what_is_wrong_has_a_code(text: str, code: ErrorCode) -> None:
    assert codes(documents(), text) == [code]


def test_an_operation_is_found_by_its_name() -> None:
    document = documents().read("query A { leaf } mutation B { leaf }")

    assert [document.operation(name).is_query for name in "AB"] == [True, False]
    with pytest.raises(RefusedError):
        document.operation("C")


@pytest.mark.parametrize("wrong", ["{ leav }", "{ runs(frist: 1) { total } }", "{ leaf ... on Qery { leaf } }"])
def test_nothing_is_suggested(wrong: str) -> None:
    assert "Did you mean" not in told(documents(), wrong)


SCHEMA = build_schema(
    "enum Color { RED } input In { a: Int, b: [In!], c: Color, d: ID!, e: Boolean, f: Float }"
    " type Query { leaf(i: In, n: Int, s: String, c: Color, l: [[Int!]!]): Int }"
)
ASKED = "query ($i: In, $n: Int, $s: String, $c: Color, $l: [[Int!]!]) { leaf(i: $i, n: $n, s: $s, c: $c, l: $l) }"
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.just(CANARY) | st.just(f"it's {CANARY}, found: 'x'"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e", "f", f"{CANARY} x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["i", "n", "s", "c", "l"]), VALUES))
def test_the_value_of_a_variable_is_never_shown(variables: dict[str, Any]) -> None:
    read = Documents(SCHEMA)
    try:
        read.check(read.read(ASKED).operation(None), variables)
    except RefusedError as refusal:
        shown = json.dumps([error.formatted for error in refusal.errors])
        assert CANARY not in shown
        assert all(error.message.startswith("Variable '$") for error in refusal.errors)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"n": CANARY}, "Variable '$n' has an invalid value: not a value of type Int"),
        ({"c": CANARY}, "Variable '$c' has an invalid value: not a value of the enum Color"),
        ({"c": 5}, "Variable '$c' has an invalid value: not a value of the enum Color"),
        ({"s": 5}, "Variable '$s' has an invalid value: not a value of type String"),
        ({"i": 5}, "Variable '$i' has an invalid value: not a value of type In"),
        ({"i": {}}, "Variable '$i' has an invalid value: the field d is required"),
        ({"i": {"d": 1, "z": CANARY}}, "Variable '$i' has an invalid value: there is no field z"),
        ({"i": {"d": None}}, "Variable '$i' has an invalid value at d: a value of type ID! is required"),
        ({"l": [[1, CANARY]]}, "Variable '$l' has an invalid value at [0][1]: not a value of type Int"),
        ({"i": {"d": 1, "b": [{"d": []}]}}, "Variable '$i' has an invalid value at b[0].d: not a value of type ID"),
    ],
)
def test_a_wrong_value_is_told_by_its_place_and_type(variables: dict[str, Any], said: str) -> None:
    assert said in told(Documents(SCHEMA), ASKED, variables)


def test_variables_nested_without_end_are_refused() -> None:
    deep: Any = {"d": 1}
    for _ in range(500):
        deep = {"d": 1, "b": [deep]}

    assert "too deep" in told(Documents(SCHEMA), ASKED, {"i": deep})
