"""Compiled selections for a schema that knows nothing of histograph."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from ariadne import InterfaceType, ObjectType, QueryType, ScalarType, graphql, make_executable_schema
from graphql import DocumentNode, GraphQLSchema, parse
from msgspec import Raw, Struct

from engine.compiled import Compiled
from engine.kept import Kept
from engine.leaves import AttributeOf, RawJson
from engine.project import Project

SDL = """
type Query { all: [Item!] first: Item! }
interface Item { id: ID! name: String! price: Price color: Color! parts(first: Int = 2): [Part] size: Float info: JSON }
type Car implements Item { id: ID! name: String! price: Price color: Color! parts(first: Int = 2): [Part]
  size: Float info: JSON doorCount: Int! }
type Boat implements Item { id: ID! name: String! price: Price color: Color! parts(first: Int = 2): [Part]
  size: Float info: JSON }
type Part { name: String! of: Item! maker: Maker }
type Maker { name: String }
enum Color { RED BLUE }
scalar Price
scalar JSON
"""


class Money(Struct, frozen=True):
    text: str


class Item(Struct, frozen=True, kw_only=True):
    id: str
    name: Any = "thing"
    price: Any = Money("1.50")
    color: Any = "RED"
    size: Any = 1.5
    info: Any = Raw(b'{"a": 1}')
    is_sold: bool = True


class Car(Item, frozen=True, kw_only=True):
    door_count: Any = 4


class Boat(Item, frozen=True, kw_only=True):
    pass


class Maker(Struct, frozen=True):
    name: str | None


class Part(Struct, frozen=True):
    name: str
    of: Item


UNKNOWN = object()


@dataclass
class Look:
    peek: Any
    resolve: Any


@dataclass
class Asked:
    """A field asked for in batches, which takes down what it is asked."""

    values: Any
    calls: list[list[Any]] = field(default_factory=list)
    lasts: Any = lambda parent, value, info: True
    version: Any = None
    waits: bool = True
    at_hand: Any = lambda parent: UNKNOWN
    unknown: object = UNKNOWN

    def look(self, info: Any, **arguments: Any) -> Look:
        def resolve(parents: Sequence[Any]) -> Any:
            self.calls.append(list(parents))
            found = [self.values(parent, **arguments) for parent in parents]

            async def later() -> Any:
                return found

            return later() if self.waits else found

        return Look(self.at_hand, resolve)


def parts_of(item: Item, first: int) -> list[Part]:
    return [Part(f"{item.id}{at}", item) for at in range(first)]


@dataclass
class Shop:
    """A project with compiled selections, beside the same without."""

    items: Any
    kept: Kept | None = None
    encodes: bool = True
    parts: Asked = field(default_factory=lambda: Asked(parts_of))
    makers: Asked = field(default_factory=lambda: Asked(lambda part: Maker(f"maker of {part.name}")))
    documents: dict[str, DocumentNode] = field(default_factory=dict)
    schema: GraphQLSchema = field(init=False)
    compiled: Compiled = field(init=False)

    def __post_init__(self) -> None:
        query = QueryType()
        query.set_field("all", lambda *_: self.items)
        query.set_field("first", lambda *_: self.items[0])
        item = InterfaceType("Item", lambda value, *_: type(value).__name__)
        item.set_field("parts", lambda parent, info, first: parts_of(parent, first))
        part = ObjectType("Part")
        part.set_field("maker", lambda parent, *_: self.makers.values(parent))
        scalars = [
            ScalarType("Price", serializer=lambda money: money.text),
            ScalarType("JSON", serializer=lambda raw: json.loads(bytes(raw))),
        ]
        self.schema = make_executable_schema(SDL, query, item, part, *scalars, convert_names_case=True)
        self.compiled = Compiled(
            Project(
                self.schema,
                (Item, Part, Maker),
                {"Item.parts": self.parts, "Part.maker": self.makers},
                {"Price": AttributeOf(Money, "text"), "JSON": RawJson()},
                {"Item": lambda item: item.is_sold},
                self.kept,
                self.encodes,
            )
        )

    def _parse(self, _context: object, data: dict[str, Any]) -> DocumentNode:
        """As servers do that remember documents: what is compiled belongs to one."""
        return self.documents.setdefault(data["query"], parse(data["query"]))

    async def walked(self, document: str, **variables: Any) -> Any:
        _, answer = await graphql(self.schema, {"query": document, "variables": variables})
        return answer

    async def ask(self, document: str, **variables: Any) -> Any:
        data = {"query": document, "variables": variables}
        executor = self.compiled.executor
        _, answer = await graphql(self.schema, data, query_parser=self._parse, execution_context_class=executor)
        return json.loads(self.compiled.encode(answer))


ALL = """query ($parts: Boolean = true, $n: Int) {
  all {
    __typename id label: name price color size info ...Door
    parts(first: $n) @include(if: $parts) { name maker { name } }
  }
}
fragment Door on Car { doorCount name }"""
ITEMS = [Car(id="a"), Boat(id="b", price=None, color="BLUE", size=None), Car(id="c", is_sold=False)]


@pytest.mark.parametrize("encodes", [True, False])
async def test_answers_are_those_of_graphql_core(encodes: bool) -> None:
    shop = Shop(ITEMS, encodes=encodes)
    for variables in ({}, {"parts": False}, {"n": 0}, {"n": 3}):
        assert await shop.ask(ALL, **variables) == await shop.walked(ALL, **variables)
    assert shop.compiled.uses == {"compiled": 4}


@pytest.mark.parametrize("waits", [True, False])
async def test_a_batch_is_asked_once_for_the_whole_list(waits: bool) -> None:
    """And what lies below it once more, for all that it has brought."""
    shop = Shop(ITEMS)
    shop.parts.waits = shop.makers.waits = waits

    answer = await shop.ask(ALL, n=2)

    assert len(answer["data"]["all"]) == 3
    assert shop.parts.calls == [ITEMS]
    assert [len(parts) for parts in shop.makers.calls] == [6]


async def test_what_is_at_hand_is_not_asked_for() -> None:
    shop = Shop(ITEMS)
    shop.makers.at_hand = lambda part: shop.makers.values(part) if part.of.id == "a" else UNKNOWN

    assert await shop.ask(ALL, n=2) == await shop.walked(ALL, n=2)
    assert [[part.of.id for part in parts] for parts in shop.makers.calls] == [["b", "b", "c", "c"]]


@pytest.mark.parametrize(
    "odd",
    [
        Car(id="x", name=None),
        Car(id="x", name=5),
        Car(id="x", name=ValueError("no name")),
        Car(id="x", door_count=2**40),
        Car(id="x", door_count=True),
        Car(id="x", size=float("inf")),
        Car(id="x", size=3),
        Car(id="x", color="PINK"),
        Car(id="x", price=7),
        Car(id="x", info=Raw(b"nope")),
        None,
        ValueError("no item"),
        {"id": "x"},
        "x",
    ],
    ids=repr,
)  # fmt: skip
async def test_what_is_not_regular_is_walked(odd: Any) -> None:
    """Or made regular by its type's own function: the answer is the same, with its errors."""
    shop = Shop([ITEMS[0], odd])

    assert await shop.ask(ALL) == await shop.walked(ALL)
    assert shop.compiled.uses.total() == 1


async def test_an_exception_in_place_of_a_value_is_told_where_it_stands() -> None:
    shop = Shop(ITEMS)
    shop.makers.values = lambda part: ValueError("nobody knows")

    answer = await shop.ask("{ first { parts { maker { name } } } }")

    assert answer == await shop.walked("{ first { parts { maker { name } } } }")
    assert shop.compiled.uses == {"walked": 1}


async def test_texts_of_what_changes_no_more_are_kept() -> None:
    """Their batches are not asked again; those of what may change are."""
    shop = Shop(ITEMS, Kept(10**6))

    first, second = await shop.ask(ALL), await shop.ask(ALL)

    assert first == second == await shop.walked(ALL)
    assert shop.parts.calls == [ITEMS, [ITEMS[2]]]
    assert len(shop.kept or ()) == 2


async def test_texts_belong_to_their_arguments() -> None:
    shop = Shop(ITEMS, Kept(10**6))
    for n in (1, 2, 1, 3):
        assert await shop.ask(ALL, n=n) == await shop.walked(ALL, n=n)


async def test_a_new_version_makes_new_texts() -> None:
    versions = iter([1, 1, 2])
    shop = Shop(ITEMS[:1], Kept(10**6))
    shop.makers.version = lambda info: next(versions)
    names = ["old", "never asked for", "new"]
    answers = []
    for name in names:
        shop.makers.values = lambda part, name=name: Maker(name)
        answers.append((await shop.ask("{ all { parts(first: 1) { maker { name } } } }"))["data"]["all"])

    assert [one[0]["parts"][0]["maker"]["name"] for one in answers] == ["old", "old", "new"]


async def test_a_value_for_this_answer_only_is_not_kept() -> None:
    shop = Shop(ITEMS[:1], Kept(10**6))
    shop.parts.lasts = lambda item, parts, info: False
    for _ in range(2):
        await shop.ask(ALL)

    assert len(shop.parts.calls) == 2
    assert len(shop.kept or ()) == 0


async def test_kept_texts_stay_within_their_bytes() -> None:
    kept = Kept(20_000, weigh=lambda item: 100)
    shop = Shop([Car(id=str(at)) for at in range(100)], kept)
    for n in range(1, 6):
        await shop.ask(ALL, n=n)
        held = [part for shelf in kept._shelves.values() for part in (*shelf.young.values(), *shelf.old.values())]
        assert 0 < sum(part[2] for part in held) <= kept.max_bytes


async def test_half_a_surrogate_pair_goes_through() -> None:
    shop = Shop([Car(id="a", name="\ud800")], Kept(10**6))
    assert (await shop.ask("{ all { name info } }"))["data"]["all"] == [{"name": "\ud800", "info": {"a": 1}}]


async def test_json_passes_as_the_provider_wrote_it() -> None:
    """Not decoded: digits that a float does not hold are still there."""
    shop = Shop([Car(id="a", info=Raw(b'{"pi": 3.14159265358979323846}'))])
    _, answer = await graphql(
        shop.schema, {"query": "{ all { info } }"}, execution_context_class=shop.compiled.executor
    )
    assert shop.compiled.encode(answer) == b'{"data":{"all":[{"info":{"pi": 3.14159265358979323846}}]}}'
