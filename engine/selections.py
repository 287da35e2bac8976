"""Selections compiled to Python: the fields that a document asks of one class of objects, as one function.

How it works. graphql-core answers a query by walking: for each object of a list, and each field of its selection, it
looks up the field, its resolver, its arguments and its type, calls, checks and completes. All of that but the values is
the same for every object of a class. So it is done once, and what remains is written down as Python (`writing.py`):

    def build(v, p, m):                                  # BoomiExecution { id status steps { … } workflow { … } }
        y3 = p.peeks[3](v) if m is None else f4
        d = f6(x if type((x := v.id)) is str else f0(x, p),
               f1[(x := v.status)],
               None if y3 is f4 else None if (x := y3) is None else f2[type(x)](x, p, m),
               None if (x := v.workflow) is None else f3[type(x)](x, p, m))
        if y3 is f4: p[3].append((d, v, m))
        return d

`f6` is a struct with a place for each key (or a dict is written). Values come to their places in three ways:

* An attribute is read. What it should be is checked by its class; anything else goes the type's own way (`leaves.py`).
* A value below which fields are selected goes to the function of its class, found by the class, made at first sight
  (`building.py`). A list has a function by the class of its first object, with what is read of one in its loop:

    def build(vs, p, m):                                 # steps { nodes { id status } }
        ds = []
        for v in vs:
            if type(v) is f0:
                ds.append(f3(x if type((x := v.id)) is str else f1(x, p), f2[(x := v.status)]))
            else: ds.append(f4[type(v)](v, p, m))
        return ds

* A value that is resolved in batches is looked for where it may be at hand. If it is not, its place is left open and
  noted in `p`: once all objects of the answer have been built so far, all that are noted for one field are asked for in
  one call, and so on for what that call has brought.

Whatever is not regular raises: a null where none may be, an exception in place of a value, a class not seen as a model.
The caller then lets graphql-core walk the same objects, which finds the same errors, tells them with their paths and
leaves nulls in the right places. Models are read twice then, so reading one must have no effect.

Checks take longer than what they check, and what is frozen needs them once. An object is noted as sound when all below
it was its own place in the answer (`sound.py`); another function reads it from then on, and trusts what it reads:

    def build(v, p, m):                                  # ExecutionStepConnection { nodes { id status } complete }
        if id(v) not in f0: return f1(v, p, m)           # f1 checks, and notes
        return f5(f2[type(x[0])](x, p, m) if …, v.complete)

Objects of some types never change once they are in a certain state: their text is kept (`kept.py`), and the function of
their class begins with a look there. `m` is the object whose text will be kept, while its parts are being built.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    print_ast,
)
from graphql.execution.collect_fields import FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values

from engine.building import Classes, Way
from engine.leaves import bind
from engine.project import Batch, Details, Project
from engine.writing import Code, UncompilableError, irregular


@dataclass(frozen=True)
class Site:
    """A field whose values are asked for in batches: one place in the selection, and its arguments."""

    index: int
    key: str
    "In the answer."
    batch: Batch
    definition: GraphQLField
    details: Details
    complete: Callable[..., Any]
    parent: GraphQLObjectType

    def arguments(self, variables: VariableValues) -> Mapping[str, Any]:
        """As the resolver takes them."""
        if not self.definition.args:
            return {}
        return get_argument_values(self.definition, self.details[0].node, variables, None, True)

    @cached_property
    def has_variables(self) -> bool:
        """Whether its arguments may be others the next time."""
        values = [one.value for one in self.details[0].node.arguments or ()]
        return any("$" in print_ast(value) for value in values)

    @cached_property
    def nodes(self) -> list[FieldNode]:
        """As in a resolver's info."""
        return [one.node for one in self.details]


@dataclass(slots=True, eq=False)
class Plan:
    """One field of an operation, compiled. Functions for further classes of objects are added as they come."""

    project: Project
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDetails]
    conditions: VariableValues
    "The variables of @skip and @include, with the values that this plan is made for."
    complete: Callable[..., Any] = field(init=False)
    "Takes the field's value, a run and None. Gives what stands in the answer, as far as it has no open places."
    sites: list[Site] = field(default_factory=list)
    _sites: dict[Hashable, Site] = field(default_factory=dict)
    _classes: dict[Hashable, Classes] = field(default_factory=dict)
    shelved: dict[int, Sequence[Site]] = field(default_factory=dict)
    "By selection whose texts are kept: the batches below it that have arguments or a version."

    @classmethod
    def of(cls, project: Project, kind: GraphQLOutputType, details: Details, *rest: Any) -> "Plan":
        """Compiles a field of that type.

        Raises:
            UncompilableError: It is left to graphql-core.
        """
        plan = cls(project, *rest)
        plan.complete = plan.completer(kind, details)
        return plan

    def completer(self, kind: GraphQLOutputType, details: Details) -> Callable[..., Any]:
        """The function that completes values of one field."""
        code = Code()
        code.line(f"return {self.expression(kind, details, 'x', code, Way.ENTERING)}")
        return code.function("x, p, m")

    def expression(self, kind: GraphQLOutputType, details: Details, read: str, code: Code, way: Way) -> str:
        """What becomes of a value; `read` is how it is read."""
        is_nullable = not isinstance(kind, GraphQLNonNull)
        inner: Any = kind if is_nullable else kind.of_type  # type: ignore[union-attr]
        if is_leaf_type(inner):
            return self.project.leaves.expression(inner, is_nullable, read, code.name, way is Way.TRUSTING)
        bound = bind(read)
        first = "x" if is_nullable else bound
        if isinstance(inner, GraphQLList):
            regular = self._items(inner.of_type, details, first, code, way)
        else:
            regular = f"{code.name(self._classes_of(inner, details, way))}[type({first})](x, p, m)"
        return f"None if {bound} is None else {regular}" if is_nullable else regular

    def _items(self, kind: GraphQLOutputType, details: Details, first: str, code: Code, way: Way) -> str:
        """What becomes of a list. One that may change is never trusted, whatever was found in it before."""
        if way is Way.TRUSTING:
            trusted = self._each(kind, details, code, way)
            checked = self._items(kind, details, "x", code, Way.CHECKING)
            return f"({trusted} if type({first}) is tuple else {checked})"
        each, is_list = self._each(kind, details, code, way), f"type({first}) is list or type(x) is tuple"
        return f"({each} if {is_list} else {code.name(irregular)}(x))"

    def _each(self, kind: GraphQLOutputType, details: Details, code: Code, way: Way) -> str:
        inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if is_leaf_type(inner) or isinstance(inner, GraphQLList):
            return f"[{self.expression(kind, details, 'x', code, way)} for x in x]"
        classes = self._classes_of(inner, details, way)
        lists = classes.lists_with_null if inner is kind else classes.lists
        return f"({code.name(lists)}[type(x[0])](x, p, m) if x else [])"

    def _classes_of(self, kind: Any, details: Details, way: Way) -> Classes:
        """The functions of one place; the same for all classes of objects above it."""
        known = (kind.name, way, *(id(one.node) for one in details))
        if known not in self._classes:
            self._classes[known] = Classes(self, kind, details, way)
        return self._classes[known]

    def fields(self, parent: GraphQLObjectType, details: Details) -> Iterator[tuple[str, Details, GraphQLField]]:
        """What is selected of objects of a type."""
        grouped, deferred, _ = collect_subfields(
            self.project.schema, dict(self.fragments), self.conditions, self.operation, parent, details, True
        )
        if deferred:
            raise UncompilableError
        for key, nodes in grouped.items():
            definition = self.project.schema.get_field(parent, nodes[0].node.name.value)
            if definition is not None:
                yield key, nodes, definition

    def site(self, key: str, parent: GraphQLObjectType, definition: GraphQLField, details: Details) -> Site:
        """The place of a field that is asked for in batches; the same for all types that share its nodes."""
        batch = self.project.batch_of(parent, details[0].node.name.value)
        assert batch is not None  # noqa: S101  # the caller has seen it
        known = (id(batch), str(definition.type), *(id(one.node) for one in details))
        if known not in self._sites:
            complete = self.completer(definition.type, details)
            site = Site(len(self.sites), key, batch, definition, details, complete, parent)
            self.sites.append(site)
            self._sites[known] = site
        return self._sites[known]

    def sites_below(self, kind: GraphQLNamedType, details: Details) -> Iterator[Site]:
        """All batches that objects of a type may need, at any depth."""
        if is_leaf_type(kind):
            return
        schema = self.project.schema
        parents = schema.get_possible_types(kind) if is_abstract_type(kind) else [kind]
        for parent in parents:
            for key, nodes, definition in self.fields(parent, details):  # type: ignore[arg-type]
                if self.project.batch_of(parent, nodes[0].node.name.value):  # type: ignore[arg-type]
                    yield self.site(key, parent, definition, nodes)  # type: ignore[arg-type]
                yield from self.sites_below(get_named_type(definition.type), nodes)
