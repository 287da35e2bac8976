"""What an operation may cost: by the schema's weights and sizes, and the same however a number is given."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.limited import documents

READ = documents()


def cost(text: str, **variables: object) -> float:
    operation = READ.read(text).operation(None)
    return operation.cost.of(READ.check(operation, variables).coerced)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ leaf }", 1),
        ("{ __typename }", 1),
        ("{ leaf self { leaf } }", 3),
        ("{ runs(first: 3) { total } }", 50 + 1),
        ("{ runs(first: 3) { nodes { id } } }", 50 + 3 * 2),
        ("{ runs(first: 3) { edges { cursor node { id } } total } }", 50 + 3 * 4 + 1),
        ("{ runs { nodes { id } } }", 50 + 50 * 2),
        ("{ runs(first: null) { nodes { id } } }", 50 + 50 * 2),
        ("{ runs(first: 2) { nodes { steps(first: 4) { nodes { name } } } } }", 50 + 2 * (1 + 1 + 4 * 2)),
        ("{ runs(first: 2) { nodes { steps { nodes { name } } } } }", 50 + 2 * (1 + 1 + 100 * 2)),
        ("{ runs(first: 2) { nodes { owner { name } } } }", 50 + 2 * (1 + 7 + 1)),
        ("{ runs(first: 2) { sources } }", 50 + 10),
        ("{ twice { id } tags }", 2 * 2 + 10),
        ("{ entities(keys: [1, 2, 3]) { id } }", 3 * 2),
        ("{ leaf @skip(if: true) self { leaf } }", 2),
        ("{ leaf @include(if: true) self @include(if: false) { leaf } }", 1),
        ("{ ...A } fragment A on Query { runs(first: 3) { ...B } } fragment B on Runs { nodes { id } }", 56),
        ("{ ... on Query { runs(first: 3) { ... { nodes { id } } } } }", 56),
        ("{ __schema { types { name } } }", 0),
        ("mutation { leaf }", 1),
    ],
)
def test_values_count_one_and_lists_their_size(text: str, expected: int) -> None:
    assert cost(text) == expected


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 500), st.integers(0, 1000))
def test_a_number_costs_the_same_as_literal_as_variable_and_as_default(runs: int, steps: int) -> None:
    body = "nodes { steps(first: STEPS) { nodes { name } } }"
    literal = f"{{ runs(first: {runs}) {{ {body.replace('STEPS', str(steps))} }} }}"
    rest = f"{{ runs(first: $n) {{ ...B }} }} fragment B on Runs {{ {body.replace('STEPS', '$m')} }}"

    expected = READ.read(literal).operation(None).cost.of({})
    for declared, variables in (
        ("$n: Int, $m: Int", {"n": runs, "m": steps}),
        (f"$n: Int = {runs}, $m: Int = {steps}", {}),
        (f"$n: Int = 1, $m: Int = {steps}", {"n": runs}),
    ):
        operation = READ.read(f"query ({declared}) {rest}").operation(None)
        coerced = {"n": runs, "m": steps} if variables == {} else {"m": steps} | variables
        assert operation.cost.of(coerced) == expected


def test_defaults_of_variables_count_and_null_stands_for_the_argument_s_own() -> None:
    assert cost("query ($n: Int = 4) { runs(first: $n) { nodes { id } } }") == 58
    assert cost("query ($n: Int = 4) { runs(first: $n) { nodes { id } } }", n=3) == 56
    assert cost("query ($n: Int) { runs(first: $n) { nodes { id } } }") == 150
    assert cost("query ($n: Int) { runs(first: $n) { nodes { id } } }", n=None) == 150
    assert cost("query ($n: Int) { runs(first: $n) { nodes { id } } }", n=-7) == 50


def test_what_a_variable_leaves_out_costs_nothing() -> None:
    asked = "query ($more: Boolean!) { leaf runs(first: 2) @include(if: $more) { nodes { id } } }"

    assert (cost(asked, more=True), cost(asked, more=False)) == (55, 1)
    asked = "query ($less: Boolean = true) { leaf ...F @skip(if: $less) } fragment F on Query { self { leaf } }"
    assert (cost(asked), cost(asked, less=False)) == (1, 3)


def test_a_list_is_as_long_as_what_it_is_asked_by() -> None:
    asked = "query ($keys: [Key!]!) { entities(keys: $keys) { id } }"

    assert cost(asked, keys=["a", "b"]) == 4
    assert cost(asked, keys=[]) == 0
