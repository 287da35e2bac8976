"""Answers without some fields: what two answers have in common although they were asked for at different times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)

from engine.documents import Operation

Paths = Mapping[str, "Paths | None"]
"Response keys; None marks the end of a path."

Selected = list[tuple[SelectionSetNode, GraphQLNamedType | None]]


@dataclass(slots=True)
class Projection:
    """Finds where an operation's answer has certain fields.

    Args:
        fields: By type and name, `Type.field`.
    """

    schema: GraphQLSchema
    fields: frozenset[str]
    _fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)

    def paths(self, operation: Operation) -> Paths:
        """Every response key that holds nothing but such fields."""
        definitions = operation.document.definitions
        self._fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
        root = self.schema.get_root_type(operation.node.operation)
        return self._below([(operation.node.selection_set, root)])

    def _below(self, selected: Selected) -> Paths:
        keys: dict[str, list[tuple[FieldNode, GraphQLNamedType | None]]] = {}
        rest = list(selected)
        while rest:
            selection_set, parent = rest.pop()
            for node in selection_set.selections:
                if isinstance(node, FieldNode):
                    key = (node.alias or node.name).value
                    keys.setdefault(key, []).append((node, parent))
                elif isinstance(node, FragmentSpreadNode):
                    fragment = self._fragments[node.name.value]
                    rest.append((fragment.selection_set, self.schema.get_type(fragment.type_condition.name.value)))
                elif isinstance(node, InlineFragmentNode):
                    condition = node.type_condition
                    inner = parent if condition is None else self.schema.get_type(condition.name.value)
                    rest.append((node.selection_set, inner))
        return {key: paths for key, nodes in keys.items() if (paths := self._of(nodes)) is None or paths}

    def _of(self, nodes: list[tuple[FieldNode, GraphQLNamedType | None]]) -> Paths | None:
        if all(parent is not None and f"{parent.name}.{node.name.value}" in self.fields for node, parent in nodes):
            return None
        inner: Selected = []
        for node, parent in nodes:
            if node.selection_set is not None and isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
                known = parent.fields.get(node.name.value)
                inner.append((node.selection_set, None if known is None else get_named_type(known.type)))
        return self._below(inner)


def without(data: Any, paths: Paths) -> Any:
    """A copy of the data where something is left out; parts that lose nothing are the same."""
    if not paths:
        return data
    if isinstance(data, list):
        return [without(one, paths) for one in data]
    if isinstance(data, dict):
        return {key: without(one, paths.get(key) or {}) for key, one in data.items() if paths.get(key, ()) is not None}
    return data
