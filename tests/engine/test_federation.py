"""Federation for any ariadne project: here a small shop, which knows nothing of runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from ariadne import QueryType, graphql, make_executable_schema
from graphql import GraphQLSchema, print_schema

from engine.federation import Representation, Subgraph

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [%s])\n'
SDL = (
    LINK % '"@key", "@shareable", {name: "@tag", as: "@label"}'
    + """
    "Of things that are sold"
    interface Product @key(fields: "sku") { sku: ID! title: String }
    type Book implements Product @key(fields: "sku") { sku: ID! title: String pages: Int }
    type Film implements Product @key(fields: "sku") { sku: ID! title: String @label(name: "x") }
    type Shop @key(fields: "name") { name: ID! city: String @federation__inaccessible }
    type Elsewhere @key(fields: "id", resolvable: false) { id: ID! }
    type Query { best: Product elsewhere: Elsewhere }
    """
)


@dataclass(frozen=True, slots=True)
class Book:
    sku: str
    title: str = "a book"


@dataclass(frozen=True, slots=True)
class Film:
    sku: str
    title: str = "a film"


class Shelf:
    """Loads products, in batches that it remembers."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    async def products(self, given: Sequence[Representation], _info: Any) -> list[Any]:
        skus = [one["sku"] for one in given]
        self.batches.append(skus)
        return [self._product(sku) for sku in skus]

    def _product(self, sku: str) -> Any:
        if sku == "burnt":
            return LookupError("burnt")
        return {"b": Book(sku), "f": Film(sku)}.get(sku[0])


def shops(given: Sequence[Representation], _info: Any) -> list[Any]:
    return [{"__typename": "Shop", "name": one["name"], "city": "Riga"} for one in given]


def schema_with(**loaders: Any) -> GraphQLSchema:
    subgraph = Subgraph(SDL, loaders)
    return make_executable_schema(subgraph.type_defs, QueryType(), subgraph)


async def entities(schema: GraphQLSchema, *representations: Any) -> tuple[list[Any], list[tuple[list[Any], str]]]:
    """What they give, and the errors as path and message."""
    query = """query ($them: [_Any!]!) { _entities(representations: $them) {
        __typename ... on Product { sku title } ... on Shop { city } } }"""
    _, answer = await graphql(schema, {"query": query, "variables": {"them": representations}})
    return answer["data"]["_entities"], [(one["path"], one["message"]) for one in answer.get("errors", [])]


async def test_the_sdl_is_served_as_written() -> None:
    _, answer = await graphql(schema_with(Product=Shelf().products, Shop=shops), {"query": "{ _service { sdl } }"})

    assert answer["data"]["_service"]["sdl"] == SDL


async def test_types_and_their_interface_are_loaded_in_one_batch() -> None:
    shelf = Shelf()
    schema = schema_with(Product=shelf.products, Shop=shops)

    found, errors = await entities(
        schema,
        {"__typename": "Product", "sku": "b1"},
        {"__typename": "Shop", "name": "corner"},
        {"__typename": "Film", "sku": "f1"},
        {"__typename": "Product", "sku": "f2"},
    )

    assert errors == []
    assert [one["__typename"] for one in found] == ["Book", "Shop", "Film", "Film"]
    assert found[1]["city"] == "Riga"
    assert shelf.batches == [["b1", "f1", "f2"]]


async def test_one_that_is_bad_is_one_null_and_one_error() -> None:
    found, errors = await entities(
        schema_with(Product=Shelf().products, Shop=shops),
        {"__typename": "Product", "sku": "burnt"},
        {"__typename": "Elsewhere", "id": "1"},
        {"sku": "b1"},
        "b1",
        {"__typename": "Book", "sku": "f1"},
        {"__typename": "Book", "sku": "none"},
        {"__typename": "Book", "sku": "b1"},
    )

    assert found == [None] * 6 + [{"__typename": "Book", "sku": "b1", "title": "a book"}]
    assert errors == [
        (["_entities", 0], "burnt"),
        (["_entities", 1], "_entities: no entity has this __typename"),
        (["_entities", 2], "_entities: a representation needs a __typename"),
        (["_entities", 3], "_entities: a representation needs a __typename"),
        (["_entities", 4], "_entities: this key is one of Film, not of Book"),
    ]


async def test_a_loader_that_fails_takes_nothing_from_the_others() -> None:
    def closed(given: Sequence[Representation], _info: Any) -> list[Any]:
        raise OSError("closed")

    found, errors = await entities(
        schema_with(Product=Shelf().products, Shop=closed),
        {"__typename": "Shop", "name": "corner"},
        {"__typename": "Product", "sku": "b1"},
    )

    assert [one and one["__typename"] for one in found] == [None, "Book"]
    assert errors == [(["_entities", 0], "closed")]


async def test_a_loader_that_loses_one_is_told_of() -> None:
    schema = schema_with(Product=lambda given, _: [], Shop=shops)

    _, errors = await entities(schema, {"__typename": "Book", "sku": "b1"})

    assert errors == [(["_entities", 0], "the loader of Product gave 0 values for 1 representations")]


def test_directives_are_defined_by_the_names_they_have_here() -> None:
    printed = print_schema(schema_with(Product=Shelf().products, Shop=shops))

    assert "directive @key(fields: federation__FieldSet!, resolvable: Boolean = true) repeatable on OBJECT" in printed
    assert "directive @label(name: String!) repeatable on" in printed
    assert "directive @federation__inaccessible on" in printed
    assert "@override" not in printed
    assert "union _Entity = Book | Film | Shop" in printed


async def test_a_subgraph_without_entities_has_only_its_sdl_to_tell() -> None:
    subgraph = Subgraph(LINK % "" + "schema { query: Root } type Root { a: Int }", {})
    schema = make_executable_schema(subgraph.type_defs, subgraph)

    assert schema.query_type is not None
    assert [*schema.query_type.fields] == ["a", "_service"]


@pytest.mark.parametrize(
    ("loaders", "problem"),
    [
        ({"Product": shops}, "nothing loads the entity 'Shop'"),
        ({"Product": shops, "Shop": shops, "Order": shops}, "a loader for 'Order'"),
    ],
)
def test_loaders_and_entities_have_to_fit(loaders: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        schema_with(**loaders)


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("", "does not @link"),
        ((LINK % "").replace("2.9", "2.10"), "known up to v2.9"),
        (LINK % '"@keys"', "has no @keys"),
    ],
)
def test_a_federation_that_is_not_known_is_refused(link: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Subgraph(link + "type Query { a: Int }", {})
