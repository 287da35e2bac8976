"""What an operation may cost at the most, by the schema's @cost and @listSize and the values of its variables.

Every value in the answer costs 1, or its field's @cost; a list costs its size times its item. What is known of a
document is summed up once; what hangs on variables is multiplied out for each request.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    value_from_ast_untyped,
)

from engine.sums import NOTHING, Condition, Cost, Given, Size

ASSUMED_SIZE = 10
"Of a list that says nothing of its size."

CONNECTION = {"slicingArguments": ["first"], "sizedFields": ["edges", "nodes"]}


@dataclass(frozen=True, slots=True)
class Sized:
    """What a @listSize says of fields below its own."""

    fields: frozenset[str] = frozenset()
    size: Size = 1


@dataclass(slots=True)
class Estimate:
    """Sums up the cost of one document's operations."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    sizes: Mapping[str, float]
    "Of fields that the schema itself answers, by type and name."
    _known: dict[tuple[str, Sized], Cost] = field(default_factory=dict)

    def of(self, operation: OperationDefinitionNode) -> Cost:
        """The cost of a valid operation, without that of introspection."""
        root = self.schema.get_root_type(operation.operation)
        return self._selections(operation.selection_set, root, Sized())

    def introspection(self, operation: OperationDefinitionNode) -> float:
        """The cost of what the schema itself answers."""
        types = {"__schema": "__Schema", "__type": "__Type"}
        asked = [node for node in self._root_fields(operation.selection_set) if node.name.value in types]
        costs = (
            self._selections(node.selection_set, self.schema.get_type(types[node.name.value]), Sized())
            for node in asked
            if node.selection_set is not None
        )
        return sum(costs, NOTHING).of({})

    def pages(self, operation: OperationDefinitionNode) -> list[Size]:
        """The sizes that root fields are asked for."""
        root = self.schema.get_root_type(operation.operation)
        fields = [(node, _definition(root, node)) for node in self._root_fields(operation.selection_set)]
        return [size for node, definition in fields if definition is not None for size in _asked(node, definition)]

    def keys(self, operation: OperationDefinitionNode) -> list[Size]:
        """The lengths of the lists that root fields are asked by."""
        root = self.schema.get_root_type(operation.operation)
        fields = [(node, _definition(root, node)) for node in self._root_fields(operation.selection_set)]
        return [size for node, definition in fields if definition is not None for size in _lengths(node, definition)]

    def _root_fields(self, selection_set: SelectionSetNode) -> Iterator[FieldNode]:
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                yield from self._root_fields(self.fragments[node.name.value].selection_set)
            elif isinstance(node, InlineFragmentNode):
                yield from self._root_fields(node.selection_set)

    def _selections(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None, sized: Sized) -> Cost:
        return sum((self._selection(node, parent, sized) for node in selection_set.selections), NOTHING)

    def _selection(self, node: SelectionNode, parent: GraphQLNamedType | None, sized: Sized) -> Cost:
        if isinstance(node, FieldNode):
            cost = self._field(node, parent, sized)
        elif isinstance(node, FragmentSpreadNode):
            cost = self._fragment(node.name.value, sized)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            inner = parent if condition is None else self.schema.get_type(condition.name.value)
            cost = self._selections(node.selection_set, inner, sized)
        else:
            cost = NOTHING
        for factor in map(_condition, node.directives or ()):
            cost = cost.times(factor)
        return cost

    def _fragment(self, name: str, sized: Sized) -> Cost:
        if (name, sized) not in self._known:
            fragment = self.fragments[name]
            parent = self.schema.get_type(fragment.type_condition.name.value)
            self._known[name, sized] = self._selections(fragment.selection_set, parent, sized)
        return self._known[name, sized]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, sized: Sized) -> Cost:
        name = node.name.value
        definition = _definition(parent, node)
        if definition is None:  # one of the language's own
            return Cost(1) if name == "__typename" else NOTHING
        list_size = _list_size(definition)
        below: Sized = Sized()
        own: Size | None = sized.size if name in sized.fields else None
        if list_size is not None:
            size = next(iter(_asked(node, definition)), list_size.get("assumedSize") or ASSUMED_SIZE)
            if names := list_size.get("sizedFields"):
                below = Sized(frozenset(names), size)
            else:
                own = size
        elif parent is not None and f"{parent.name}.{name}" in self.sizes:
            own = self.sizes[f"{parent.name}.{name}"]
        elif own is None and is_list_type(get_nullable_type(definition.type)):
            own = _length(node, definition)
        cost = Cost(_weight(definition))
        if node.selection_set is not None:
            cost += self._selections(node.selection_set, get_named_type(definition.type), below)
        return cost if own is None else cost.times(own)


def _definition(parent: GraphQLNamedType | None, node: FieldNode) -> GraphQLField | None:
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        fields: Mapping[str, GraphQLField] = parent.fields
        return fields.get(node.name.value)
    return None


def _list_size(definition: GraphQLField) -> dict[str, Any] | None:
    """What @listSize says of a field; without it, a field with `first` is taken for a connection."""
    said = _directive(definition.ast_node.directives, "listSize") if definition.ast_node is not None else None
    return CONNECTION if said is None and "first" in definition.args else said


def _weight(definition: GraphQLField) -> int:
    """By @cost on the field, or else on its type."""
    for node in (definition.ast_node, get_named_type(definition.type).ast_node):
        cost = None if node is None else _directive(node.directives, "cost")
        if cost is not None:
            return int(cost["weight"])
    return 1


def _asked(node: FieldNode, definition: GraphQLField) -> list[Size]:
    """What the slicing arguments of a field's @listSize say."""
    names = (_list_size(definition) or {}).get("slicingArguments") or ()
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    sizes: list[Size] = []
    for name in names:
        value = given.get(name)
        if isinstance(value, VariableNode):
            sizes.append(Given(value.name.value, _default(definition, name)))
        else:
            sizes.append(max(int(value.value), 0) if isinstance(value, IntValueNode) else _default(definition, name))
    return sizes


def _default(definition: GraphQLField, name: str) -> int:
    """Of an argument; it stands for null too."""
    node = definition.args[name].ast_node
    default = None if node is None else node.default_value
    return int(default.value) if isinstance(default, IntValueNode) else ASSUMED_SIZE


def _length(node: FieldNode, definition: GraphQLField) -> Size:
    """A list without @listSize is as long as the list that it is asked by (`_entities`), or of an assumed size."""
    return next(_lengths(node, definition), ASSUMED_SIZE)


def _lengths(node: FieldNode, definition: GraphQLField) -> Iterator[Size]:
    """Of the lists that a field is asked by."""
    for argument in node.arguments or ():
        if is_list_type(get_nullable_type(definition.args[argument.name.value].type)):
            if isinstance(argument.value, ListValueNode):
                yield len(argument.value.values)
            elif isinstance(argument.value, VariableNode):
                yield Given(argument.value.name.value, ASSUMED_SIZE)


def _condition(directive: DirectiveNode) -> Size:
    """What @include and @skip leave of a selection."""
    name = directive.name.value
    if name not in {"include", "skip"}:
        return 1
    value = next(argument.value for argument in directive.arguments or () if argument.name.value == "if")
    if isinstance(value, VariableNode):
        return Condition(value.name.value, name == "include")
    return int(value_from_ast_untyped(value) is (name == "include"))


def _directive(directives: Sequence[DirectiveNode] | None, name: str) -> dict[str, Any] | None:
    """The arguments of a directive in the SDL."""
    for directive in directives or ():
        if directive.name.value == name:
            given = {one.name.value: value_from_ast_untyped(one.value) for one in directive.arguments or ()}
            return {key: value for key, value in given.items() if value is not Undefined}
    return None
