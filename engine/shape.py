"""How large a document is once its fragments are expanded, found without expanding them: each is measured once.

Runs before validation, whose rules take long over such documents, and so trusts nothing: a fragment may be missing,
or be part of a circle.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from engine.errors import ErrorCode, refused
from engine.limits import Limits

INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(slots=True)
class Shape:
    """Of a selection set; levels of fields under `__schema` and `__type` apart."""

    depth: int = 0
    selections: int = 0
    introspection_depth: int = 0
    root_fields: int = 0
    aliases: int = 0
    "As written, without those of fragments."
    directives: int = 0

    def add_field(self, node: FieldNode, depth: int, introspects: bool) -> None:
        """A field at that level."""
        self.aliases += node.alias is not None
        self.root_fields += depth == 1
        if introspects:
            self.introspection_depth = max(self.introspection_depth, depth)
        else:
            self.depth = max(self.depth, depth)

    def add_fragment(self, other: "Shape", depth: int, introspects: bool) -> None:
        """What a fragment brings that is spread below so many fields."""
        if introspects:
            self.introspection_depth = max(
                self.introspection_depth, depth + other.depth, depth + other.introspection_depth
            )
        else:
            self.depth = max(self.depth, depth + other.depth)
            if other.introspection_depth:
                self.introspection_depth = max(self.introspection_depth, depth + other.introspection_depth)
        self.selections += other.selections
        if depth == 0:
            self.root_fields += other.root_fields


@dataclass(slots=True)
class Measured:
    """A document being measured."""

    fragments: dict[str, FragmentDefinitionNode]
    _known: dict[str, Shape] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    "Fragments being measured; who meets one of these has come round in a circle."

    def fragment(self, name: str) -> Shape:
        """Nothing for one that is missing or contains itself: validation tells of those."""
        if name in self._known:
            return self._known[name]
        if name not in self.fragments or name in self._open:
            return Shape()
        self._open.add(name)
        shape = self.of(self.fragments[name].selection_set)
        self._open.discard(name)
        self._known[name] = shape
        return shape

    def of(self, selection_set: SelectionSetNode) -> Shape:
        """Recurses from fragment to fragment only, of which there are few."""
        shape = Shape()
        rest = [(selection_set, 0, False)]
        while rest:
            selections, depth, introspects = rest.pop()
            for node in selections.selections:
                shape.directives += len(node.directives or ())
                below = introspects or (isinstance(node, FieldNode) and node.name.value in INTROSPECTION)
                shape.selections += 1
                if isinstance(node, FragmentSpreadNode):
                    shape.add_fragment(self.fragment(node.name.value), depth, introspects)
                    continue
                level = depth
                if isinstance(node, FieldNode):
                    level += 1
                    shape.add_field(node, level, below)
                inner: SelectionSetNode | None = getattr(node, "selection_set", None)
                if inner is not None:
                    rest.append((inner, level, below))
        return shape


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Refuses a document that is too large.

    Raises:
        RefusedError: With the code of the first limit that is passed.
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    _within(len(operations), limits.operations, "operations", ErrorCode.MAX_OPERATIONS_LIMIT)
    _within(len(fragments), limits.fragments, "fragments", ErrorCode.MAX_FRAGMENTS_LIMIT)
    measured = Measured({node.name.value: node for node in fragments})
    written = [measured.of(node.selection_set) for node in (*operations, *fragments)]
    directives = sum(shape.directives for shape in written) + sum(_beside(operations, fragments))
    _within(directives, limits.directives, "directives", ErrorCode.MAX_DIRECTIVES_LIMIT)
    _within(sum(shape.aliases for shape in written), limits.aliases, "aliases", ErrorCode.MAX_ALIASES_LIMIT)
    for shape in written[: len(operations)]:
        _within(shape.root_fields, limits.root_fields, "root fields", ErrorCode.MAX_ROOT_FIELDS_LIMIT)
        _within(shape.depth, limits.depth, "levels", ErrorCode.MAX_DEPTH_LIMIT)
        _within(shape.selections, limits.selections, "selections", ErrorCode.MAX_SELECTIONS_LIMIT)
        allowed = limits.introspection_depth
        _within(shape.introspection_depth, allowed, "levels of introspection", ErrorCode.MAX_DEPTH_LIMIT)


def _beside(
    operations: Sequence[OperationDefinitionNode], fragments: Sequence[FragmentDefinitionNode]
) -> Iterator[int]:
    """Directives on definitions and on variables."""
    for operation in operations:
        yield len(operation.directives or ())
        yield sum(len(variable.directives or ()) for variable in operation.variable_definitions or ())
    for fragment in fragments:
        yield len(fragment.directives or ())


def _within(found: int, allowed: int, what: str, code: ErrorCode) -> None:
    if found > allowed:
        raise refused(code, f"the document has more {what} than {allowed}")
