"""The functions for one place in a selection: one for each class of objects that comes there, made at its first object.

They come to an object by three ways (`Way`), and check or trust what they read of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import count
from typing import TYPE_CHECKING, Any

from graphql import GraphQLAbstractType, GraphQLField, GraphQLObjectType

from engine.kept import Coming
from engine.leaves import IrregularError
from engine.project import Details
from engine.sound import Sound, can_be_noted, path_of, read_again
from engine.writing import Code, UncompilableError, attribute_of, struct_of

if TYPE_CHECKING:
    from engine.selections import Plan

_selections = count()


class Way(Enum):
    """How a function comes to an object."""

    ENTERING = auto()
    "It is the value of the operation's field, or was asked for in batches."
    CHECKING = auto()
    "An attribute of another one, all of which is checked."
    TRUSTING = auto()
    "An attribute of another one that was found sound with all below it."


class Classes(dict[type, Callable[..., Any]]):
    """The functions for single objects, by their class."""

    def __init__(self, plan: "Plan", kind: GraphQLObjectType | GraphQLAbstractType, details: Details, way: Way) -> None:
        super().__init__()
        self._plan, self._kind, self._details, self._way = plan, kind, details, way
        self.lists, self.lists_with_null = Lists(self, False), Lists(self, True)
        for one in details:
            if one.fragment_variable_values is not None or one.defer_usage is not None:
                raise UncompilableError

    def __missing__(self, cls: type) -> Callable[..., Any]:
        """What finds the function for a class that is new here, by its first object."""

        def learn(value: Any, p: Any, m: Any) -> Any:
            if cls not in self:
                self[cls] = self.building(value).function()
            return self[cls](value, p, m)

        return learn

    def building(self, value: object) -> "Building":
        """What writes the functions for the class of an object.

        Raises:
            IrregularError: It is no model.
        """
        if not isinstance(value, self._plan.project.models):
            raise IrregularError
        parent = self._parent(value)
        if parent.is_type_of is not None:
            raise IrregularError
        return Building(self._plan, parent, self._details, type(value), self._way)

    def _parent(self, value: object) -> GraphQLObjectType:
        if isinstance(self._kind, GraphQLObjectType):
            return self._kind
        resolve, schema = self._kind.resolve_type, self._plan.project.schema
        name: Any = None if resolve is None else resolve(value, None, self._kind)  # type: ignore[arg-type]
        parent = schema.get_type(name) if isinstance(name, str) else None
        if not isinstance(parent, GraphQLObjectType) or not schema.is_sub_type(self._kind, parent):
            raise IrregularError
        return parent


class Lists(dict[type, Callable[..., Any]]):
    """The functions for lists that are not empty, by the class of their first object."""

    def __init__(self, classes: Classes, may_hold_null: bool) -> None:
        super().__init__()
        self._classes, self._may_hold_null = classes, may_hold_null

    def __missing__(self, cls: type) -> Callable[..., Any]:
        """What finds the function for lists that begin with an object of a class that is new here, by the first one."""

        def learn(values: Sequence[Any], p: Any, m: Any) -> Any:
            if all(type(value) is cls for value in values) and cls is not type(None):
                building = self._classes.building(values[0])
                self[cls] = self._mixed if building.is_looked_up else self._loop(building)
                return self[cls](values, p, m)
            return self._mixed(values, p, m)

        return learn

    def _mixed(self, values: Sequence[Any], p: Any, m: Any) -> Any:
        """Each by its own class."""
        classes = self._classes
        if self._may_hold_null:
            return [None if value is None else classes[type(value)](value, p, m) for value in values]
        return [classes[type(value)](value, p, m) for value in values]

    def _loop(self, building: "Building") -> Callable[..., Any]:
        """What becomes of objects of the first one's class stands in the loop itself: a call for each costs more."""
        code = Code()
        code.line("ds = []")
        code.begins("for v in vs:")
        code.begins(f"if type(v) is {code.name(building.cls)}:")
        code.line(f"ds.append({building.write(code)})")
        code.ends()
        other = f"{code.name(self._classes)}[type(v)](v, p, m)"
        code.line(f"else: ds.append({f'None if v is None else {other}' if self._may_hold_null else other})")
        code.ends()
        code.line("return ds")
        return code.function("vs, p, m")


@dataclass(frozen=True, slots=True)
class Building:
    """Writes what becomes of objects of one class, for one selection."""

    plan: "Plan"
    parent: GraphQLObjectType
    details: Details
    cls: type
    way: Way

    @property
    def is_looked_up(self) -> bool:
        """Objects may have been met before: each is looked for."""
        return self._is_noted or self.plan.project.keeps_of(self.parent) is not None

    @property
    def _is_noted(self) -> bool:
        return self.way is Way.ENTERING and can_be_noted(self.cls)

    def function(self) -> Callable[..., Any]:
        """Takes an object, a run, and what is coming that the object is a part of."""
        code, way = Code(), self.way
        if self._is_noted:
            sound, way = Sound(), Way.TRUSTING
            first = sound.noting(replace(self, way=Way.CHECKING).plain())
            code.line(f"if id(v) not in {code.name(sound)}: return {code.name(first)}(v, p, m)")
        code.line(f"return {replace(self, way=way).write(code)}")
        build = code.function("v, p, m")
        lasts = self.plan.project.keeps_of(self.parent)
        return build if lasts is None else self._keeping(build, lasts)

    def plain(self) -> Callable[..., Any]:
        """The same, as for an object that was never met."""
        code = Code()
        code.line(f"return {self.write(code)}")
        return code.function("v, p, m")

    def write(self, code: Code) -> str:
        """Writes what comes before, and gives the expression that an object `v` becomes."""
        entries, sites = {}, []
        for key, details, definition in self.plan.fields(self.parent, self.details):
            name = details[0].node.name.value
            if name == "__typename":
                value = repr(self.parent.name)
            elif self.plan.project.batch_of(self.parent, name) is not None:
                site = self.plan.site(key, self.parent, definition, details)
                at_hand, unknown = f"y{site.index}", code.name(site.batch.unknown)
                code.line(f"{at_hand} = p.peeks[{site.index}](v) if m is None else {unknown}")
                sites.append(f"if {at_hand} is {unknown}: p[{site.index}].append((d, v, m))")
                found = self.plan.expression(definition.type, details, at_hand, code, Way.ENTERING)
                value = f"None if {at_hand} is {unknown} else {found}"
            else:
                value = self._attribute(definition, name, details, code)
            entries[key] = value
        if self.plan.project.encodes:
            made = f"{code.name(struct_of(self.parent.name, entries))}({', '.join(entries.values())})"
        else:
            made = "{" + ", ".join(f"{key!r}: {value}" for key, value in entries.items()) + "}"
        if not sites:
            return made
        code.line(f"d = {made}")
        for line in sites:
            code.line(line)
        return "d"

    def _attribute(self, definition: GraphQLField, name: str, details: Details, code: Code) -> str:
        attribute = attribute_of(definition, name)
        again = read_again(self.cls, attribute, code.name) if self.way is Way.TRUSTING else None
        if again is not None:
            return self.plan.expression(definition.type, details, again, code, Way.TRUSTING)
        there = hasattr(self.cls, attribute)
        read = f"v.{path_of(self.cls, attribute) or attribute}" if there else f"getattr(v, {attribute!r}, None)"
        return self.plan.expression(definition.type, details, read, code, Way.CHECKING)

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
