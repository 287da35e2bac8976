"""Apollo Federation 2 for a schema that ariadne builds. Stands alone: any ariadne project may take this file as it is.

    subgraph = Subgraph(sdl, {"Product": load_products})
    schema = make_executable_schema(subgraph.type_defs, query, product, subgraph)

It defines the directives that the SDL imports from Federation, serves the SDL as written, and answers `_entities` in
batches, by the names of types and of interfaces: a gateway names an interface when another subgraph adds fields to it
by `@interfaceObject`. What loaders give is never written to, so it may be frozen or remembered. One representation that
cannot be resolved is one null and one error, with its index in the path.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Self

from ariadne import SchemaBindable
from graphql import (
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    OperationType,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    Visitor,
    parse,
    value_from_ast_untyped,
    visit,
)

Info = GraphQLResolveInfo[Any]

Representation = Mapping[str, Any]
"What a gateway knows of an entity: `__typename`, and the fields of one of its keys."

Loader = Callable[[Sequence[Representation], Any], Awaitable[Sequence[Any]] | Sequence[Any]]
"""Takes representations and the resolver's info. Gives as many values in the same order: None for what is not there, an
exception for what cannot be had."""

FEDERATION = re.compile(r"https://specs\.apollo\.dev/federation/v2\.(\d+)/?")
HIGHEST_MINOR = 9

# Source: Federation 2.9's specification, as Apollo's composer prints it
DIRECTIVES = {
    "key": "(fields: {FieldSet}!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE",
    "requires": "(fields: {FieldSet}!) on FIELD_DEFINITION",
    "provides": "(fields: {FieldSet}!) on FIELD_DEFINITION",
    "external": "(reason: String) on OBJECT | FIELD_DEFINITION",
    "tag": "(name: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR"
    " | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION | SCHEMA",
    "extends": " on OBJECT | INTERFACE",
    "shareable": " repeatable on OBJECT | FIELD_DEFINITION",
    "inaccessible": " on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM"
    " | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION",
    "override": "(from: String!, label: String) on FIELD_DEFINITION",
    "composeDirective": "(name: String) repeatable on SCHEMA",
    "interfaceObject": " on OBJECT",
    "authenticated": " on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
    "requiresScopes": "(scopes: [[{Scope}!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
    "policy": "(policies: [[{Policy}!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM",
    "context": "(name: String!) repeatable on INTERFACE | OBJECT | UNION",
    "fromContext": "(field: {ContextFieldValue}) on ARGUMENT_DEFINITION",
    "cost": "(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT"
    " | SCALAR",
    "listSize": "(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!],"
    " requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION",
}
LINK = """
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
enum link__Purpose { SECURITY EXECUTION }
scalar link__Import
"""


def type_of(value: Any) -> str:
    """A mapping tells its type in `__typename`; an object is of a class with the type's name."""
    return str(value["__typename"]) if isinstance(value, Mapping) else type(value).__name__


@dataclass(frozen=True)
class Subgraph(SchemaBindable):
    """A schema as part of a supergraph.

    Args:
        sdl: The whole SDL as it is served; Federation's own types, fields and directives are not defined in it.
        entities: What loads them, by name of a type or interface. An interface's loader does for all its types.
        type_of: The name of a loaded value's type.

    Raises:
        ValueError: It cannot be: an unknown Federation, an entity that nothing loads, a loader of what is no entity.
    """

    sdl: str
    entities: Mapping[str, Loader]
    type_of: Callable[[Any], str] = type_of
    _document: DocumentNode = field(init=False, repr=False)
    _link: "Link" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_document", parse(self.sdl))
        object.__setattr__(self, "_link", Link.of(self._document))

    @property
    def type_defs(self) -> list[str]:
        """For `make_executable_schema`: the SDL, and what Federation adds to it."""
        return [self.sdl, self._link.definitions(self._document), self._root()]

    def bind_to_schema(self, schema: GraphQLSchema) -> None:
        """Binds the two fields that gateways ask for."""
        loaders = self._loaders(schema)
        query = schema.query_type
        assert query is not None  # noqa: S101  # it has just been extended
        query.fields["_service"].resolve = lambda *_: {"sdl": self.sdl}
        union = schema.get_type("_Entity")
        if isinstance(union, GraphQLUnionType):
            union.resolve_type = lambda value, *_: self.type_of(value)
            query.fields["_entities"].resolve = Entities(self.entities, loaders, self.type_of).resolve

    def _root(self) -> str:
        names = self._names()
        union = f"union _Entity = {' | '.join(names)}" if names else ""
        entities = "_entities(representations: [_Any!]!): [_Entity]!" if names else ""
        root = f"extend type {_query_root(self._document)} {{ {entities} _service: _Service! }}"
        return f"scalar _Any\ntype _Service {{ sdl: String }}\n{union}\n{root}\n"

    def _names(self) -> list[str]:
        """The object types that have a key."""
        key = self._link.name_of("key")
        nodes = [
            node
            for node in self._document.definitions
            if isinstance(node, ObjectTypeDefinitionNode | ObjectTypeExtensionNode)
            and any(
                one.name.value == key and _argument(one, "resolvable") is not False for one in node.directives or ()
            )
        ]
        return list(dict.fromkeys(node.name.value for node in nodes))

    def _loaders(self, schema: GraphQLSchema) -> dict[str, str]:
        """For each name that a representation may have, the name of its loader."""
        found: dict[str, str] = {}
        for name in [*self._names(), *self.entities]:
            kind = schema.get_type(name)
            if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
                raise ValueError(f"there is a loader for {name!r}, which is no type or interface")
            able = [one for one in (name, *(parent.name for parent in kind.interfaces)) if one in self.entities]
            if not able:
                raise ValueError(f"nothing loads the entity {name!r}, nor an interface of it")
            found[name] = able[0]
        return found


@dataclass(frozen=True, slots=True)
class Entities:
    """Resolves `_entities`: one call of each loader that is needed, all at the same time."""

    entities: Mapping[str, Loader]
    loaders: Mapping[str, str]
    "The loader's name, by name of a type or interface."
    type_of: Callable[[Any], str]

    async def resolve(self, _root: object, info: Info, *, representations: Sequence[Any]) -> list[Any]:
        """A value, an exception or None for each representation."""
        found: list[Any] = [None] * len(representations)
        groups: dict[str, list[int]] = {}
        for index, one in enumerate(representations):
            name = one.get("__typename") if isinstance(one, Mapping) else None
            if isinstance(name, str) and name in self.loaders:
                groups.setdefault(self.loaders[name], []).append(index)
            else:
                found[index] = _mistake(
                    "no entity has this __typename" if name else "a representation needs a __typename"
                )
        asked = [[representations[index] for index in indexes] for indexes in groups.values()]
        batches = (self._load(name, given, info) for name, given in zip(groups, asked, strict=True))
        for indexes, values in zip(groups.values(), await asyncio.gather(*batches), strict=True):
            for index, value in zip(indexes, values, strict=True):
                found[index] = self._checked(value, representations[index]["__typename"], info.schema)
        return found

    async def _load(self, name: str, given: Sequence[Representation], info: Info) -> Sequence[Any]:
        """What the loader gives; when it fails as a whole, its exception for each."""
        try:
            values = self.entities[name](given, info)
            loaded = await values if isawaitable(values) else values
            if len(loaded) != len(given):
                raise RuntimeError(f"the loader of {name} gave {len(loaded)} values for {len(given)} representations")
        except Exception as error:
            return [error] * len(given)
        return loaded

    def _checked(self, value: Any, name: str, schema: GraphQLSchema) -> Any:
        """The value, if it is what the representation says."""
        if value is None or isinstance(value, Exception):
            return value
        actual = self.type_of(value)
        kind = schema.get_type(actual)
        names = {actual, *(one.name for one in kind.interfaces)} if isinstance(kind, GraphQLObjectType) else {actual}
        return value if name in names else _mistake(f"this key is one of {actual}, not of {name}")


def _mistake(message: str) -> GraphQLError:
    return GraphQLError(f"_entities: {message}", extensions={"code": "BAD_USER_INPUT"})


@dataclass(frozen=True, slots=True)
class Link:
    """What a document says of Federation: the prefix of its names, and those that are imported without it."""

    prefix: str = "federation"
    imports: Mapping[str, str] = field(default_factory=dict)
    "The name here by Federation's, `@key` by `@key`."

    @classmethod
    def of(cls, document: DocumentNode) -> Self:
        """Reads `@link`.

        Raises:
            ValueError: It links no Federation 2, or one higher than known.
        """
        for link in _links(document):
            match = FEDERATION.fullmatch(str(_argument(link, "url")))
            if match is None:
                continue
            if int(match[1]) > HIGHEST_MINOR:
                raise ValueError(f"Federation is known up to v2.{HIGHEST_MINOR}, not v2.{match[1]}")
            given = [{"name": one} if isinstance(one, str) else one for one in _argument(link, "import") or ()]
            imports = {one["name"]: one.get("as", one["name"]) for one in given}
            if unknown := {name for name in imports if name.startswith("@")} - {f"@{name}" for name in DIRECTIVES}:
                raise ValueError(f"Federation 2.{HIGHEST_MINOR} has no {', '.join(sorted(unknown))}")
            return cls(str(_argument(link, "as") or "federation"), imports)
        raise ValueError("the SDL does not @link to https://specs.apollo.dev/federation/v2.…")

    def name_of(self, directive: str) -> str:
        """What one of Federation's directives is called here."""
        return self.imports.get(f"@{directive}", f"@{self.prefix}__{directive}")[1:]

    def definitions(self, document: DocumentNode) -> str:
        """The directives that are imported, or used by their full names, unless the document defines them itself."""
        own = {node.name.value for node in document.definitions if isinstance(node, DirectiveDefinitionNode)}
        uses = Uses()
        visit(document, uses)
        kinds = {
            kind: self.imports.get(kind, f"{self.prefix}__{kind}")
            for kind in ("FieldSet", "Scope", "Policy", "ContextFieldValue")
        }
        lines = [] if "link" in own else [LINK]
        used: set[str] = set()
        for name, signature in DIRECTIVES.items():
            here = self.name_of(name)
            if here not in own and (f"@{name}" in self.imports or here in uses.directives):
                lines.append(f"directive @{here}{signature.format_map(kinds)}")
                used |= {kind for kind in kinds if f"{{{kind}}}" in signature}
        return "\n".join([*lines, *(f"scalar {kinds[kind]}" for kind in sorted(used))])


class Uses(Visitor):
    """Collects the names of the directives that a document uses."""

    def __init__(self) -> None:
        super().__init__()
        self.directives: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Called by `visit`."""
        self.directives.add(node.name.value)


def _links(document: DocumentNode) -> Iterator[DirectiveNode]:
    for node in document.definitions:
        if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode):
            yield from (one for one in node.directives or () if one.name.value == "link")


def _query_root(document: DocumentNode) -> str:
    for node in document.definitions:
        if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode):
            for operation in node.operation_types or ():
                if operation.operation is OperationType.QUERY:
                    return operation.type.name.value
    return "Query"


def _argument(directive: DirectiveNode, name: str) -> Any:
    """The value of a directive's argument; None when it is not given."""
    given = {one.name.value: one.value for one in directive.arguments or ()}
    return value_from_ast_untyped(given[name]) if name in given else None
