"""What was found sound is only read the next time; what may have changed, or was made regular, is checked again."""

import gc
from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace
from typing import Any, ClassVar
from weakref import getweakrefcount

import pytest
from ariadne import ObjectType, QueryType, graphql, make_executable_schema
from graphql import DocumentNode, parse
from msgspec import Struct
from msgspec.json import decode

from engine.compiled import Compiled
from engine.project import Project
from engine.sound import Sound, can_be_noted, read_again

SDL = """
type Query { shelf: Shelf }
type Shelf { name: String! size: Int weight: Float isFull: Boolean label: String! count: Int kind: String colour: String
  place: String first: Book books: [Book] lent: [Book!]! rows: [[Book]] words: [String!] }
type Book { title: String! pages: Int author: Author }
type Author { name: String! }
"""
DOCUMENT = """{ shelf {
  name size weight isFull label count kind colour first { title again: title } books { title pages author { name } }
  lent { title } rows { title } words place
} }"""


class Author(Struct, frozen=True):
    name: Any = "Ada"


class Book(Struct, frozen=True):
    title: Any = "Notes"
    pages: Any = 12
    author: Any = Author()


class Comic(Book, frozen=True):
    pass


class Colour:
    """Made once, and kept in a slot that it tells of."""

    slot = "_colour"

    def __get__(self, shelf: Any, owner: type) -> Any:
        if not hasattr(shelf, "_colour"):
            Slots._colour.__set__(shelf, shelf.paint)  # type: ignore[attr-defined]
        return shelf._colour


class Sign(Struct, frozen=True):
    text: Any = "by the door"


class Place:
    """A part of what stands in a field, and the way to it."""

    path = "sign.text"

    def __get__(self, shelf: Any, owner: type) -> Any:
        return self if shelf is None else shelf.sign.text


class Slots:
    __slots__ = ("_colour",)


class Shelf(Slots, Struct, frozen=True, weakref=True, dict=True):
    kind: ClassVar[Any] = "plain"
    paint: Any = "red"
    colour: ClassVar[Any] = Colour()
    place: ClassVar[Any] = Place()
    sign: Any = Sign()
    name: Any = "left"
    size: Any = 3
    weight: Any = 1.5
    is_full: Any = False
    first: Any = Book()
    books: Any = (Book(), Book("More notes"), Comic("Strips"))
    lent: Any = ()
    rows: Any = ((Book(),), ())
    words: Any = ("a", "b")
    held: Any = "label"

    @cached_property
    def label(self) -> Any:
        return self.held

    @property
    def count(self) -> Any:
        return len(self.books)


class Loose(Struct, weakref=True):
    """May change."""

    title: Any = "Loose"
    pages: Any = 1
    author: Any = None


class Library:
    """A project with one shelf."""

    def __init__(self, shelf: Any = None) -> None:
        self.shelf = shelf
        query = QueryType()
        query.set_field("shelf", lambda *_: self.shelf)
        self.schema = make_executable_schema(SDL, query, ObjectType("Shelf"), convert_names_case=True)
        self.compiled = Compiled(Project(self.schema, (Struct,), encodes=True))
        self._documents: dict[str, DocumentNode] = {}

    def _parse(self, _context: object, data: dict[str, Any]) -> DocumentNode:
        return self._documents.setdefault(data["query"], parse(data["query"]))

    async def check(self, shelf: Any, *, times: int = 3, document: str = DOCUMENT) -> None:
        """Its answers are those of graphql-core, each time."""
        self.shelf = shelf
        data = {"query": document}
        for _ in range(times):
            _, walked = await graphql(self.schema, data)
            _, answer = await graphql(
                self.schema, data, query_parser=self._parse, execution_context_class=self.compiled.executor
            )
            assert decode(self.compiled.encode(answer)) == decode(self.compiled.encode(walked))


async def test_what_was_found_sound_is_only_read() -> None:
    library, shelf = Library(), Shelf()

    await library.check(shelf)

    assert getweakrefcount(shelf) == 1
    assert library.compiled.uses == {"compiled": 3}


def test_objects_that_go_are_forgotten() -> None:
    """Another that comes to the same place in memory is none of them."""
    sound, run, shelf = Sound(), SimpleNamespace(is_sound=True), Shelf()
    first = sound.noting(lambda value, p, m: value.name)

    assert first(shelf, run, None) == "left"
    assert list(sound) == [id(shelf)]
    del shelf
    assert len(sound) == 0


async def test_others_in_their_place_are_checked() -> None:
    library = Library()
    for at in range(50):
        await library.check(Shelf(name=None if at % 2 else f"shelf {at}"), times=2)


async def test_who_notes_them_may_go_before() -> None:
    library, shelf = Library(), Shelf()
    await library.check(shelf)
    del library
    gc.collect()
    assert getweakrefcount(shelf) == 0


WRONG: list[Callable[[], Shelf]] = [
    lambda: Shelf(name=5),
    lambda: Shelf(name=None),
    lambda: Shelf(size=3.0),
    lambda: Shelf(size=2**40),
    lambda: Shelf(weight=2),
    lambda: Shelf(weight=float("nan")),
    lambda: Shelf(is_full=1),
    lambda: Shelf(held=7),
    lambda: Shelf(paint=7),
    lambda: Shelf(paint=ValueError("no paint")),
    lambda: Shelf(sign=Sign(7)),
    lambda: Shelf(sign=Sign(None)),
    lambda: Shelf(sign=Sign(ValueError("no sign"))),
    lambda: Shelf(sign=None),
    lambda: Shelf(held=None),
    lambda: Shelf(first=None),
    lambda: Shelf(first=Book(title=3)),
    lambda: Shelf(first=Book(title=None)),
    lambda: Shelf(first=ValueError("no book")),
    lambda: Shelf(first={"title": "no model"}),
    lambda: Shelf(books=()),
    lambda: Shelf(books=None),
    lambda: Shelf(books="none"),
    lambda: Shelf(books=(None,)),
    lambda: Shelf(books=(None, Book())),
    lambda: Shelf(books=(Book(), None, Comic(), Book(author=None))),
    lambda: Shelf(books=(Book(), ValueError("no book"))),
    lambda: Shelf(books=(ValueError("no book"), Book())),
    lambda: Shelf(books=(Book(), Book(author=Author(name=None)))),
    lambda: Shelf(books=(Book(), Comic(pages=1.0), "no model")),
    lambda: Shelf(books=(Book(), Loose())),
    lambda: Shelf(lent=(None,)),
    lambda: Shelf(lent=(Book(), None)),
    lambda: Shelf(lent=(Comic(), Book(), Comic())),
    lambda: Shelf(lent=None),
    lambda: Shelf(rows=((Book(), None), None, (Comic(),))),
    lambda: Shelf(words=("a", 1)),
    lambda: Shelf(words=("a", None)),
]


@pytest.mark.parametrize("make", WRONG)
async def test_what_is_not_sound_is_answered_like_by_graphql_core(make: Callable[[], Shelf]) -> None:
    """Before others were found sound, and after: by the code that checks, and by that which trusts."""
    library = Library()
    await library.check(make())
    await library.check(Shelf())
    await library.check(make())
    await library.check(Shelf(books=(Comic(), Book()), lent=(Book(),)))
    await library.check(make())


async def test_what_had_to_be_made_regular_is_made_so_each_time() -> None:
    library, shelf = Library(), Shelf(size=3.0)
    await library.check(shelf)
    assert getweakrefcount(shelf) == 0


@pytest.mark.parametrize("name", ["books", "lent"])
async def test_a_list_that_may_change_is_never_trusted(name: str) -> None:
    library, books = Library(), [Book(), Comic()]
    shelf = Shelf(**{name: books})
    await library.check(shelf)
    books.append(Book(title=7))
    await library.check(shelf)
    books[0] = Book(title=None)
    await library.check(shelf)


async def test_neither_is_an_object_that_may() -> None:
    library, loose = Library(), Loose()
    shelf = Shelf(first=loose, books=(Book(), loose), lent=(loose,))
    await library.check(shelf)
    loose.title = 8
    await library.check(shelf)
    loose.title = None
    await library.check(shelf)


async def test_nor_what_a_property_gives() -> None:
    library, shelf = Library(), Shelf(books=[Book()])
    await library.check(shelf)
    shelf.books.extend([Book()] * 3)
    await library.check(shelf)


async def test_a_field_may_be_named_by_several_names() -> None:
    document = "{ shelf { a: books { t: title u: title } b: books { pages } first { title } c: first { pages } } }"
    await Library().check(Shelf(books=(Book(), Comic(title=4), Book())), document=document)


def test_what_is_read_again() -> None:
    names = ("name", "label", "count", "missing", "kind", "colour")
    read = [read_again(Shelf, name, repr) for name in names]
    assert read == ["v.name", "v.label", None, None, "'plain'", "v._colour"]
    assert read_again(Loose, "title", repr) is None
    assert [can_be_noted(one) for one in (Shelf, Book, Loose, dict)] == [True, False, False, False]
