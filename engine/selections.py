"""Selections compiled to Python: the fields that a document asks of one class of objects, as one function.

How it works. graphql-core answers a query by walking: for each object of a list, and each field of its selection, it
looks up the field, its resolver, its arguments and its type, calls, checks and completes. All of that but the values is
the same for every object of a class. So it is done once, and what remains is written down as a Python function, such as

    def build(v, p, m):                                  # BoomiExecution { id status name: nativeId steps { … } }
        y3 = p.peeks[3](v) if m is None else f3
        d = {"id": x if type(x := v.id) is str else f0(x),
             "status": f1[(x := v.status)],
             "name": x if type(x := v.native_id) is str else f2(x),
             "steps": None if y3 is f3 else f4(y3, p, m)}
        if y3 is f3: p[3].append((d, v, m))
        return d

Values come in three ways:

* An attribute is read. What it should be is checked by its class; anything else goes the type's own way (`leaves.py`).
* A value below which fields are selected goes to the function of its class, found by the class, made at first sight.
* A value that is resolved in batches is looked for where it may be at hand. If it is not, its place is left open and
  noted in `p`: once all objects of the answer have been built so far, all that are noted for one field are asked for in
  one call, and so on for what that call has brought.

Whatever is not regular raises: a null where none may be, an exception in place of a value, a class not seen as a model.
The caller then lets graphql-core walk the same objects, which finds the same errors, tells them with their paths and
leaves nulls in the right places. Models are read twice then, so reading one must have no effect.

Objects of some types never change once they are in a certain state: their text is kept (`kept.py`), and the function of
their class begins with a look there. `m` is the object whose text will be kept, while its parts are being built.
"""

import keyword
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    default_field_resolver,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    print_ast,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values
from msgspec import Struct, defstruct

from engine.kept import Shelf
from engine.leaves import IrregularError
from engine.project import Batch, Project

Details = list[FieldDetails]
"The nodes that stand for one field of the answer."


class UncompilableError(Exception):
    """A selection that is left to graphql-core for good."""


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


class Coming:
    """An object whose text is to be kept, once it has been made. No dataclass: an encoder would take it for JSON."""

    __slots__ = ("built", "lasts", "shelf", "value")

    def __init__(self, value: object, shelf: Shelf) -> None:
        self.value, self.shelf = value, shelf
        self.built: Any = None
        self.lasts = True  # until one of its parts turns out to be good for this answer only


_selections = count()


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
        code.returns(self.expression(kind, details, "x", code))
        return code.function("x, p, m")

    def expression(self, kind: GraphQLOutputType, details: Details, read: str, code: "Code") -> str:
        """What becomes of a value; `read` is how it is read first, and makes it `x`."""
        is_nullable = not isinstance(kind, GraphQLNonNull)
        inner: Any = kind if is_nullable else kind.of_type  # type: ignore[union-attr]
        if is_leaf_type(inner):
            return self.project.leaves.expression(inner, is_nullable, read, code.name)
        first = "x" if is_nullable else read
        if isinstance(inner, GraphQLList):
            item = self.expression(inner.of_type, details, "x", code)
            is_list = f"type({first}) is list or type(x) is tuple"
            regular = f"[{item} for x in x] if {is_list} else {code.name(irregular)}(x)"
        else:
            classes = Classes(self, inner, details)
            regular = f"{code.name(classes)}[type({first})](x, p, m)"
        return f"None if {read} is None else {regular}" if is_nullable else regular

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


class Classes(dict[type, Callable[..., Any]]):
    """The functions for one place in a selection, by class of object."""

    def __init__(self, plan: Plan, kind: GraphQLObjectType | GraphQLAbstractType, details: Details) -> None:
        super().__init__()
        self._plan, self._kind, self._details = plan, kind, details
        for one in details:
            if one.fragment_variable_values is not None or one.defer_usage is not None:
                raise UncompilableError

    def __missing__(self, cls: type) -> Callable[..., Any]:
        """What finds the function for a class that is new here, by its first object."""
        if not issubclass(cls, self._plan.project.models):
            raise IrregularError

        def learn(value: Any, p: Any, m: Any) -> Any:
            if cls not in self:
                parent = self._parent(value)
                if parent.is_type_of is not None:
                    raise IrregularError
                self[cls] = Building(self._plan, parent, self._details, cls).function()
            return self[cls](value, p, m)

        return learn

    def _parent(self, value: object) -> GraphQLObjectType:
        if isinstance(self._kind, GraphQLObjectType):
            return self._kind
        resolve, schema = self._kind.resolve_type, self._plan.project.schema
        name: Any = None if resolve is None else resolve(value, None, self._kind)  # type: ignore[arg-type]
        parent = schema.get_type(name) if isinstance(name, str) else None
        if not isinstance(parent, GraphQLObjectType) or not schema.is_sub_type(self._kind, parent):
            raise IrregularError
        return parent


@dataclass(frozen=True, slots=True)
class Building:
    """Writes the function for one selection and one class."""

    plan: Plan
    parent: GraphQLObjectType
    details: Details
    cls: type

    def function(self) -> Callable[..., Any]:
        """Takes an object, a run, and what is coming that the object is a part of."""
        code, entries, sites = Code(), {}, []
        for key, details, definition in self.plan.fields(self.parent, self.details):
            name = details[0].node.name.value
            if name == "__typename":
                value = repr(self.parent.name)
            elif self.plan.project.batch_of(self.parent, name) is not None:
                site = self.plan.site(key, self.parent, definition, details)
                at_hand, unknown = f"y{site.index}", code.name(site.batch.unknown)
                code.line(f"{at_hand} = p.peeks[{site.index}](v) if m is None else {unknown}")
                sites.append(f"if {at_hand} is {unknown}: p[{site.index}].append((d, v, m))")
                value = f"None if {at_hand} is {unknown} else {code.name(site.complete)}({at_hand}, p, m)"
            else:
                value = self.plan.expression(definition.type, details, self._read(definition, name), code)
            entries[key] = value
        if self.plan.project.encodes:
            code.line(f"d = {code.name(struct_of(self.parent.name, entries))}({', '.join(entries.values())})")
        else:
            code.line("d = {" + ", ".join(f"{key!r}: {value}" for key, value in entries.items()) + "}")
        for line in sites:
            code.line(line)
        code.returns("d")
        build = code.function("v, p, m")
        lasts = self.plan.project.keeps_of(self.parent)
        return build if lasts is None else self._keeping(build, lasts)

    def _read(self, definition: GraphQLField, name: str) -> str:
        attribute = attribute_of(definition, name)
        there = hasattr(self.cls, attribute)
        return f"(x := v.{attribute})" if there else f"(x := getattr(v, {attribute!r}, None))"

    def _keeping(self, build: Callable[..., Any], lasts: Callable[[Any], bool]) -> Callable[..., Any]:
        """The function with a look at what is kept before it."""
        kept = self.plan.project.kept
        assert kept is not None  # noqa: S101  # else nothing lasts
        number = next(_selections)
        sites = {site.index: site for site in self.plan.sites_below(self.parent, self.details)}
        self.plan.shelved[number] = [one for one in sites.values() if one.batch.version or one.definition.args]

        def look(v: Any, p: Any, m: Coming | None) -> Any:
            if m is not None:
                return build(v, p, m)
            shelf = p.shelves[number]
            part = shelf.young.get(id(v))
            if part is not None and part[0] is v:
                return part[1]
            if shelf.old and (text := kept.look_back(shelf, v)) is not None:
                return text
            if not lasts(v):
                return build(v, p, None)
            coming = Coming(v, shelf)
            coming.built = build(v, p, coming)
            return coming

        return look


def struct_of(name: str, keys: Iterable[str]) -> type[Struct]:
    """A class for one selection's part of an answer. It lives for a moment and holds no circles: no need to look."""
    return defstruct(name, [attribute_for(key) for key in keys], rename=dict(map(_renamed, keys)), gc=False)


def attribute_for(key: str) -> str:
    """The attribute that holds what stands under a key: keys may be words of Python's."""
    return f"k_{key}"


def _renamed(key: str) -> tuple[str, str]:
    return attribute_for(key), key


class Code:
    """A function being written, with the things of ours that it names."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[str, Any] = {}

    def name(self, thing: Any) -> str:
        """How a thing is called in the code."""
        name = f"f{len(self._names)}"
        self._names[name] = thing
        return name

    def line(self, text: str) -> None:
        """A statement."""
        self._lines.append(f"    {text}\n")

    def returns(self, expression: str) -> None:
        """The last one."""
        self.line(f"return {expression}")

    def function(self, parameters: str) -> Callable[..., Any]:
        """The finished function. Its text holds names of the schema and of the document, which are plain words."""
        source = f"def build({parameters}):\n{''.join(self._lines)}"
        exec(compile(source, "<selection>", "exec"), self._names)  # noqa: S102
        function: Callable[..., Any] = self._names["build"]
        return function


def attribute_of(definition: GraphQLField, name: str) -> str:
    """The attribute that a field without a resolver of its own is read from.

    Raises:
        UncompilableError: It has one.
    """
    resolve = definition.resolve
    if resolve is None or resolve is default_field_resolver:
        return name
    if hasattr(resolve, "_ariadne_alias_resolver"):
        cells = dict(zip(resolve.__code__.co_freevars, resolve.__closure__ or (), strict=True))
        attribute = str(cells["attr_name"].cell_contents)
        if attribute.isidentifier() and not keyword.iskeyword(attribute):
            return attribute
    raise UncompilableError


def irregular(_: object) -> Any:
    """Not what was to be expected."""
    raise IrregularError
