"""Documents over a schema, dense where compiled selections could go wrong: fragments, aliases, @skip and @include."""

import re
from dataclasses import dataclass, field
from random import Random

from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

VARIABLES = {"$yes": "Boolean = true", "$no": "Boolean!", "$n": "Int = 2", "$kind": "ExecutionStatus = FAILED"}
STEP_ARGUMENTS = [
    "",
    "(first: 2)",
    "(first: $n)",
    "(filter: {status: [FAILED]})",
    '(first: 1, filter: {nameContains: "a"})',
]
DIRECTIVES = [
    "",
    "",
    "",
    "",
    " @include(if: $yes)",
    " @skip(if: $no)",
    " @include(if: false)",
    " @skip(if: $yes) @include(if: $no)",
]


@dataclass
class Writer:
    """Writes one document."""

    schema: GraphQLSchema
    dice: Random
    fragments: dict[str, str] = field(default_factory=dict)
    aliases: int = 0

    def selection(self, kind: GraphQLNamedType, depth: int) -> str:
        parts: list[str] = []
        for _ in range(self.dice.randint(1, 6)):
            what = self.dice.randint(0, 9)
            if what < 7 or depth == 0:
                parts.append(self.field(kind, depth))
            else:
                condition = self.dice.choice(self.conditions(kind))
                inner = self.selection(self.schema.type_map[condition], depth - 1)
                parts.append(self.fragment(condition, inner, is_named=what == 9))
        return "{ " + " ".join(parts) + " }"

    def fragment(self, condition: str, inner: str, is_named: bool) -> str:
        directive = self.dice.choice(DIRECTIVES)
        if not is_named:
            return f"... on {condition}{directive} {inner}"
        name = f"F{len(self.fragments)}"
        self.fragments[name] = f"fragment {name} on {condition} {inner}"
        return f"...{name}{directive}"

    def conditions(self, kind: GraphQLNamedType) -> list[str]:
        """Types that a fragment may be on: the type, its types, and interfaces that these have."""
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            types = self.schema.get_possible_types(kind)
            return [kind.name] * isinstance(kind, GraphQLInterfaceType) + [one.name for one in types]
        assert isinstance(kind, GraphQLObjectType)
        return [kind.name, *(one.name for one in kind.interfaces)]

    def field(self, kind: GraphQLNamedType, depth: int) -> str:
        fields = {} if isinstance(kind, GraphQLUnionType) else kind.fields  # type: ignore[attr-defined]
        fit = [name for name, one in fields.items() if depth > 0 or is_leaf_type(get_named_type(one.type))]
        name = self.dice.choice([*fit, "__typename"])
        directive = self.dice.choice(DIRECTIVES)
        if name == "__typename":
            return f"{self.alias(required=False)}__typename{directive}"
        inner = get_named_type(fields[name].type)
        arguments = self.dice.choice(STEP_ARGUMENTS) if name == "steps" else ""
        below = "" if is_leaf_type(inner) else f" {self.selection(inner, depth - 1)}"
        return f"{self.alias(required=bool(arguments or below))}{name}{arguments}{directive}{below}"

    def alias(self, required: bool) -> str:
        """One of its own for what might not merge with another; sometimes for others."""
        if not required and self.dice.randint(0, 4):
            return ""
        if required and self.dice.randint(0, 2) == 0:
            return ""
        self.aliases += 1
        return f"a{self.aliases}: "


def draw_document(dice: Random, schema: GraphQLSchema) -> str:
    """A query of a page, of entities, or of both; validity is up to the caller to check."""
    writer = Writer(schema, dice)
    page = writer.selection(schema.type_map["ExecutionConnection"], 5)
    entities = f"_entities(representations: []) {writer.selection(schema.type_map['_Entity'], 3)}"
    both = f"one: executionHistory {page} two: executionHistory(first: $n) {page} {entities}"
    root = dice.choice([f"executionHistory {page}", f"executionHistory {page}", entities, both])
    used = [
        name for name in writer.fragments if re.search(rf"\.\.\.{name}\b", " ".join([root, *writer.fragments.values()]))
    ]
    body = f"{{ {root} }} {' '.join(writer.fragments[name] for name in used)}"
    variables = ", ".join(f"{name}: {kind}" for name, kind in VARIABLES.items() if re.search(rf"\{name}\b", body))
    return f"query {f'({variables})' if variables else ''} {body}"
