"""What the compiler of selections has to be told of a project: its models, and what resolves, keeps and writes them."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema
from graphql.execution.collect_fields import FieldDetails

from engine.kept import Kept
from engine.leaves import Leaves, Shortcut

Info = GraphQLResolveInfo[Any]

Details = list[FieldDetails]
"The nodes that stand for one field of the answer."


class Look(Protocol):
    """A field with its arguments, for one request."""

    @property
    def peek(self) -> Callable[[Any], Any]:
        """Takes an object. Gives its value if that is at hand, else the batch's `unknown`."""
        ...

    @property
    def resolve(self) -> Callable[[Sequence[Any]], Sequence[Any] | Awaitable[Sequence[Any]]]:
        """Takes objects, gives as many values; an exception in place of one that cannot be had."""
        ...


class Batch(Protocol):
    """A field whose values are asked for many objects at once."""

    @property
    def unknown(self) -> object:
        """In place of a value that has to be asked for."""
        ...

    @property
    def look(self) -> Callable[..., Look]:
        """Takes a resolver's info and the arguments."""
        ...

    @property
    def version(self) -> Callable[[Info], Hashable] | None:
        """What changes whenever a value may. Without it, values change with their object only."""
        ...

    @property
    def lasts(self) -> Callable[[Any, Any, Info], bool]:
        """Takes an object, its value and the info: whether that is what it will be until the version changes."""
        ...


@dataclass(frozen=True, slots=True)
class Project:
    """What the compiler has to know of a schema besides the schema.

    Args:
        models: Classes whose objects are read by attribute. What an abstract type's resolver says of one object holds
            for its class.
        batches: By `Type.field`; an interface's holds for all its types.
        shortcuts: By custom scalar.
        keeps: By type or interface: whether an object never changes any more.
        kept: Where their texts are kept.
        encodes: Answers become JSON by `Compiled.encode`: then their objects are structs, which are made and encoded
            in less time than dicts, and parts of them may be text already. Needed for `kept` and `RawJson`.
    """

    schema: GraphQLSchema
    models: tuple[type, ...]
    batches: Mapping[str, Batch] = field(default_factory=dict)
    shortcuts: Mapping[str, Shortcut] = field(default_factory=dict)
    keeps: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    kept: Kept | None = None
    encodes: bool = False
    leaves: Leaves = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "leaves", Leaves(self.shortcuts))

    def batch_of(self, parent: GraphQLObjectType, name: str) -> Batch | None:
        """What resolves a field, if it is resolved in batches."""
        return next((found for one in _names(parent) if (found := self.batches.get(f"{one}.{name}"))), None)

    def keeps_of(self, parent: GraphQLObjectType) -> Callable[[Any], bool] | None:
        """Whether an object of the type never changes any more; None: never."""
        return None if self.kept is None else next(filter(None, map(self.keeps.get, _names(parent))), None)


def _names(parent: GraphQLObjectType) -> list[str]:
    return [parent.name, *(one.name for one in parent.interfaces)]
