"""Every limit holds what it says: a document at it passes, one above is refused with its code."""

import pytest
from graphql import get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.documents import Documents
from engine.errors import ErrorCode
from engine.limits import Limits
from tests.engine.limited import REACHES, codes, documents, fields, levels, selections

OVER_HTTP = {"body_bytes", "body_seconds", "errors"}
"Checked where they are kept: tests of the handler, and of documents below."
SMALLER = {"tokens": 900, "cost": 151, "first": 60, "introspection_cost": 60}
"In place of defaults that other limits come before."


def test_each_limit_is_tried() -> None:
    assert REACHES.keys() == set(Limits.__struct_fields__) - OVER_HTTP


@pytest.mark.parametrize("name", REACHES)
def test_at_the_limit_a_document_passes_and_one_above_it_is_refused(name: str) -> None:
    reach, code = REACHES[name]
    limit = SMALLER.get(name, getattr(Limits(), name))
    read = documents(**{name: limit})

    wanted = [ErrorCode.OPERATION_RESOLUTION_FAILURE] if name == "operations" else []  # it is not said which
    assert codes(read, reach(limit)) == wanted
    assert codes(read, reach(limit + 1)) == [code]


@pytest.mark.parametrize("name", REACHES)
def test_a_limit_is_a_setting(name: str) -> None:
    reach, code = REACHES[name]
    limit = {"cost": 70, "introspection_depth": 7, "tokens": 20, "source_characters": 20}.get(name, 5)
    read = documents(**{name: limit})

    assert code not in codes(read, reach(limit))
    assert codes(read, reach(limit + 1)) == [code]


def test_keys_are_counted_over_all_that_is_asked_by_them() -> None:
    """The same list of a variable may be asked by several times."""
    twice = (
        "query ($keys: [Key!]!) { a: entities(keys: $keys) { id } ...B }"
        " fragment B on Query { b: entities(keys: $keys) { id } }"
    )

    assert codes(documents(representations=10), twice, {"keys": [1] * 5}) == []
    assert codes(documents(representations=10), twice, {"keys": [1] * 6}) == [ErrorCode.MAX_REPRESENTATIONS_LIMIT]


def test_values_that_cannot_be_are_told() -> None:
    assert Limits(depth=0).problem() == "depth has to be above 0"
    assert Limits(first=501).problem() == "first can be 500 at the most"
    assert Limits().problem() is None


def test_no_more_mistakes_are_told_than_the_limit() -> None:
    wrong = "{ " + " ".join(f"self{index}" for index in range(10)) + " }"

    assert codes(documents(), wrong) == [ErrorCode.GRAPHQL_VALIDATION_FAILED] * 5
    assert codes(documents(errors=1), wrong) == [ErrorCode.GRAPHQL_VALIDATION_FAILED]
    variables = {f"v{index}": "no" for index in range(10)}
    asked = ", ".join(f"$v{index}: Int" for index in range(10))
    used = " ".join(f"a{index}: runs(first: $v{index}) {{ total }}" for index in range(10))
    assert codes(documents(), f"query ({asked}) {{ {used} }}", variables) == [ErrorCode.BAD_USER_INPUT] * 5


def test_introspection_has_a_budget_of_its_own_and_tools_stay_within_it() -> None:
    everything = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )

    assert codes(documents(), everything) == []
    parts = "fragment S on __Schema { types { ...T } } fragment T on __Type { fields { name type { name } } }"
    spread = " ".join(f"s{index}: __schema {{ ...S }}" for index in range(9))
    assert codes(documents(introspection_cost=2_000), f"{{ {spread} }} {parts}") == [
        ErrorCode.COST_ESTIMATED_TOO_EXPENSIVE
    ]


@pytest.mark.parametrize("power", [10, 13, 15, 17, 20, 40])
def test_doubling_fragments_are_counted_without_being_expanded(power: int) -> None:
    chain = "".join(f" fragment F{one} on Query {{ ...F{one + 1} ...F{one + 1} }}" for one in range(power))

    doubled = f"{{ self {{ ...F0 }} }}{chain} fragment F{power} on Query {{ leaf }}"

    assert codes(documents(), doubled) == [ErrorCode.MAX_SELECTIONS_LIMIT]


def test_fragments_in_a_circle_are_told_as_such() -> None:
    circle = "{ ...A } fragment A on Query { self { ...B } } fragment B on Query { self { ...A } }"
    read = documents()

    assert set(codes(read, circle)) == {ErrorCode.GRAPHQL_VALIDATION_FAILED}


def test_deep_chains_of_fragments_do_not_get_through() -> None:
    deep = "".join(f" fragment F{one} on Query {{ self {{ ...F{one + 1} }} }}" for one in range(49))

    chain = "{ ...F0 }" + deep + " fragment F49 on Query { leaf }"

    assert codes(documents(), chain) == [ErrorCode.MAX_DEPTH_LIMIT]
    nested = "{ " + "... { " * 190 + "leaf" + " }" * 191
    assert codes(documents(), nested) == []
    assert codes(documents(), "{ self " * 5000 + "}" * 5000) == [ErrorCode.MAX_SOURCE_LENGTH_LIMIT]
    assert codes(documents(tokens=100_000, source_characters=100_000), levels(600)) == [ErrorCode.MAX_DEPTH_LIMIT]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=6), st.integers(1, 300))
def test_a_document_passes_exactly_when_its_expansion_is_small_enough(spreads: list[list[int]], limit: int) -> None:
    """Fragment n spreads later ones only, several times perhaps; the expansion is counted by hand."""
    last = len(spreads)
    chosen = [[one for one in given if index < one <= last] for index, given in enumerate(spreads)]

    def expanded(index: int) -> int:
        return 1 if index == last else 1 + sum(1 + expanded(one) for one in chosen[index])

    bodies = ["leaf " + " ".join(f"...F{one}" for one in given) for given in chosen] + ["leaf"]
    text = "{ self { ...F0 } }" + "".join(
        f" fragment F{index} on Query {{ {one} }}" for index, one in enumerate(bodies)
    )

    found = codes(Documents(documents().schema, Limits(selections=limit)), text)

    is_refused = ErrorCode.MAX_SELECTIONS_LIMIT in found
    assert is_refused is (2 + expanded(0) > limit)


def test_a_document_through_a_fragment_is_as_large_as_one_without() -> None:
    assert codes(documents(selections=203), selections(203)) == []
    assert codes(documents(selections=203), "{ self { " + fields(202) + "} }") == []
    assert codes(documents(selections=203), "{ self { " + fields(203) + "} }") == [ErrorCode.MAX_SELECTIONS_LIMIT]


def test_fields_that_are_named_again_and_again_are_not_all_compared() -> None:
    assert codes(documents(), "{ self { " + "leaf " * 1_400 + "} }") == [ErrorCode.MAX_SELECTIONS_LIMIT]
    assert codes(documents(), "{ self { " + "leaf " * 90 + "} }") == []
