"""Documents leave nothing behind that only a full pass of the collector would find."""

import gc
from collections.abc import Iterator

import pytest
from graphql import GraphQLSchema, build_schema

from engine.documents import Documents
from engine.errors import RefusedError

SCHEMA = build_schema("type Query { one: Run two: Run } type Run { id: ID! name: String parts: [Run!]! }")
ABOUT_A_DOCUMENT = 1000  # objects that validation alone leaves in circles


@pytest.fixture
def schema() -> Iterator[GraphQLSchema]:
    """With all that was there before out of the count."""
    gc.collect()
    gc.freeze()
    yield SCHEMA
    gc.unfreeze()


def test_a_document_that_is_forgotten_is_gone(schema: GraphQLSchema) -> None:
    documents = Documents(schema)
    documents.read("{ one { id } }")
    gc.collect()

    for number in range(20):
        documents.read(f"{{ one {{ id name parts {{ id }} }} }} # {number}")
    del documents

    assert gc.collect() < ABOUT_A_DOCUMENT


@pytest.mark.parametrize("text", ["{ one { nonsense } }", "{ one { id }", "{ one { ...F } }"])
def test_a_document_that_is_refused_leaves_little(text: str, schema: GraphQLSchema) -> None:
    documents = Documents(schema)
    documents.read("{ one { id } }")
    gc.collect()

    for number in range(20):
        with pytest.raises(RefusedError):
            documents.read(f"{text} # {number}")

    assert gc.collect() < ABOUT_A_DOCUMENT


def test_the_collector_is_left_as_it_was(schema: GraphQLSchema) -> None:
    gc.disable()
    try:
        Documents(schema).read("{ one { id } }")
        assert not gc.isenabled()
    finally:
        gc.enable()
    Documents(schema).read("{ two { id } }")
    assert gc.isenabled()


def test_places_in_a_document_are_known_without_its_tokens(schema: GraphQLSchema) -> None:
    with pytest.raises(RefusedError) as caught:
        Documents(schema).read("{\n  one {\n    nonsense\n  }\n}")

    (error,) = caught.value.errors
    assert error.locations == [(3, 5)]
