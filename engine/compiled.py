"""Compiled selections in graphql-core's own executor: for any ariadne project, as it stands.

    compiled = Compiled(Project(schema, models=(Model,)))
    await graphql(schema, data, execution_context_class=compiled.executor)

Resolvers of root fields are called by graphql-core. What they give is completed here if it is made of models, and by
graphql-core if not, or if anything about it is not regular: the answer is the same. Where the project makes JSON of
answers by `encode`, they need no dicts (`Project.encodes`), and may hold texts that were kept from another answer.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, ClassVar

import msgspec
from cachetools import LRUCache
from graphql import (
    DirectiveNode,
    GraphQLNonNull,
    GraphQLOutputType,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution import Executor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from msgspec import Raw, Struct, structs

from engine.kept import Coming, Shelf
from engine.leaves import IrregularError
from engine.project import Details, Info, Look, Project
from engine.selections import Plan, Site
from engine.writing import UncompilableError, attribute_for

REMEMBERED = 64 * 1024
"Characters of the documents of compiled operations, which take some 700 bytes each."


class CompiledExecutor(Executor[Any]):
    """Completes the values of root fields by compiled code where it can."""

    compiled: ClassVar["Compiled"]

    def complete_value(  # noqa: PLR0917  # as it is called
        self,
        return_type: GraphQLOutputType,
        field_details_list: Details,
        info: Info,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Completes a value."""
        if path.prev is None and return_type is info.return_type:
            plan = self.compiled.plan(self, return_type, field_details_list)
            if plan is not None:
                return self._complete(plan, return_type, field_details_list, info, path, result, position_context)
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    def _complete(  # noqa: PLR0917  # the same
        self, plan: Plan, kind: GraphQLOutputType, details: Details, info: Info, path: Path, result: Any, position: Any
    ) -> Any:
        def walk() -> Any:
            self.compiled.uses["walked"] += 1
            return Executor.complete_value(self, kind, details, info, path, result, position)

        async def settle(waiting: Awaitable[None]) -> Any:
            try:
                await waiting
            except Exception:
                completed = walk()
                return await completed if isawaitable(completed) else completed
            self.compiled.uses["compiled"] += 1
            return built

        run = Run(plan, self, info)
        try:
            built = plan.complete(result, run, None)
            waiting = run.settle()
        except Exception:
            return walk()
        if waiting is not None:
            return settle(waiting)
        self.compiled.uses["compiled"] += 1
        return built


Open = tuple[Any, Any, Coming | None]
"An object of the answer with a place left open, the value it is made of, and what it is a part of."


class Run(dict[int, list[Open]]):
    """One value being completed: what is open, by site."""

    __slots__ = ("_info", "_looks", "_plan", "is_sound", "peeks", "shelves")

    def __init__(self, plan: Plan, executor: CompiledExecutor, info: Info) -> None:
        super().__init__()
        self._plan, self._info = plan, info
        self.is_sound = True  # until a value is met that has to be made regular
        self._looks = Looks(plan, executor, info)
        self.peeks = Peeks(self._looks)
        self.shelves = Shelves(plan, executor.variable_values, info)

    def __missing__(self, index: int) -> list[Open]:
        found = self[index] = []
        return found

    def settle(self) -> Awaitable[None] | None:
        """Fills what is open; at once if what is asked for is there."""
        while self:
            due, calls = self._ask()
            if any(map(isawaitable, calls)):
                return self._wait(due, calls)
            self._fill(due, calls)
        return None

    async def _wait(self, due: Sequence[tuple[Site, list[Open]]], calls: Sequence[Any]) -> None:
        while due:
            self._fill(due, await _all(calls))
            due, calls = self._ask()

    def _ask(self) -> tuple[Sequence[tuple[Site, list[Open]]], list[Any]]:
        """One call for each site."""
        due = [(self._plan.sites[index], entries) for index, entries in self.items()]
        self.clear()
        calls: list[Any] = []
        try:
            for site, entries in due:
                calls.append(self._looks[site.index].resolve([value for _, value, _ in entries]))
        except Exception:
            _drop(calls)
            raise
        return due, calls

    def _fill(self, due: Sequence[tuple[Site, list[Open]]], calls: Sequence[Sequence[Any]]) -> None:
        encodes = self._plan.project.encodes
        for (site, entries), values in zip(due, calls, strict=True):
            complete, lasts = site.complete, site.batch.lasts
            put: Callable[[Any, str, Any], None] = setattr if encodes else dict.__setitem__
            place = attribute_for(site.key) if encodes else site.key
            may_be_null = not isinstance(site.definition.type, GraphQLNonNull)
            for (answer, value, part_of), found in zip(entries, values, strict=True):
                if part_of is not None and part_of.lasts:
                    part_of.lasts = lasts(value, found, self._info)
                if found is None and may_be_null:
                    continue  # as it stands there already
                if isinstance(found, Exception):
                    raise IrregularError
                put(answer, place, complete(found, self, part_of))


class Looks(dict[int, Look]):
    """Fields with their arguments, by site."""

    def __init__(self, plan: Plan, executor: CompiledExecutor, info: Info) -> None:
        super().__init__()
        self._plan, self._executor, self._path = plan, executor, info.path

    def __missing__(self, index: int) -> Look:
        site, executor = self._plan.sites[index], self._executor
        info = executor.build_resolve_info(site.definition, site.nodes, site.parent, self._path)
        self[index] = look = site.batch.look(info, **site.arguments(executor.variable_values))
        return look


class Peeks(dict[int, Callable[[Any], Any]]):
    """What finds values at hand, by site."""

    def __init__(self, looks: Looks) -> None:
        super().__init__()
        self._looks = looks

    def __missing__(self, index: int) -> Callable[[Any], Any]:
        self[index] = peek = self._looks[index].peek
        return peek


class Shelves(dict[int, Shelf]):
    """Where texts of a plan's selections are kept, as far as they hold for this request."""

    def __init__(self, plan: Plan, variables: VariableValues, info: Info) -> None:
        super().__init__()
        self._plan, self._variables, self._info = plan, variables, info
        self._versions: dict[int, Hashable] = {}

    def __missing__(self, selection: int) -> Shelf:
        key: list[Hashable] = [selection]
        for site in self._plan.shelved[selection]:
            if site.has_variables:
                key.append(repr(site.arguments(self._variables)))
            if site.batch.version is not None:
                if id(site.batch) not in self._versions:
                    self._versions[id(site.batch)] = site.batch.version(self._info)
                key.append(self._versions[id(site.batch)])
        kept = self._plan.project.kept
        assert kept is not None  # noqa: S101  # else nothing is shelved
        self[selection] = shelf = kept.shelf(tuple(key))
        return shelf


async def _all(calls: Sequence[Any]) -> Sequence[Any]:
    """What all calls give; those that have to be waited for are waited for together."""
    waiting = [one for one in calls if isawaitable(one)]
    if len(waiting) == 1:
        found = [await waiting[0]]
    else:
        found = await asyncio.gather(*waiting, return_exceptions=True)
        for one in found:
            if isinstance(one, Exception):
                raise one
    values = iter(found)
    return [next(values) if isawaitable(one) else one for one in calls]


def _drop(calls: Sequence[Any]) -> None:
    for one in calls:
        if hasattr(one, "close"):
            one.close()  # a coroutine that nobody will wait for


@dataclass(slots=True)
class Known:
    """An operation that has been executed before."""

    operation: OperationDefinitionNode
    conditions: Sequence[str]
    "The variables that decide what is selected."
    plans: LRUCache[Hashable, Plan | None] = field(default_factory=lambda: LRUCache(16))
    "By field and the values of those variables; None: left to graphql-core."

    @property
    def size(self) -> int:
        """In characters of the document."""
        place = self.operation.loc
        return 1000 if place is None else len(place.source.body)


@dataclass(slots=True, eq=False)
class Compiled:
    """Operations of one schema, compiled as they come."""

    project: Project
    executor: type[CompiledExecutor] = field(init=False)
    "For `execution_context_class`."
    uses: Counter[str] = field(default_factory=Counter)
    "Values of root fields: compiled, or walked by graphql-core."
    _operations: LRUCache[int, Known] = field(
        default_factory=lambda: LRUCache(REMEMBERED, getsizeof=lambda known: known.size)
    )
    _encoder: msgspec.json.Encoder = field(init=False)

    def __post_init__(self) -> None:
        self.executor = type("CompiledExecutor", (CompiledExecutor,), {"compiled": self})
        self._encoder = msgspec.json.Encoder(enc_hook=self._text)

    def plan(self, executor: Executor[Any], kind: GraphQLOutputType, details: Details) -> Plan | None:
        """How values of a root field are completed; None: by graphql-core."""
        if executor.middleware_manager is not None or executor.abort_signal is not None:
            return None
        known = self._operations.get(id(executor.operation))
        if known is None or known.operation is not executor.operation:
            known = Known(executor.operation, _conditions(executor))
            if known.size <= REMEMBERED // 2:
                self._operations[id(executor.operation)] = known
        values = executor.variable_values
        key = (*(id(one.node) for one in details), *(values.coerced.get(name) for name in known.conditions))
        if key not in known.plans:
            conditions = VariableValues(
                {name: values.sources[name] for name in known.conditions if name in values.sources},
                {name: values.coerced[name] for name in known.conditions if name in values.coerced},
            )
            try:
                plan = Plan.of(self.project, kind, details, executor.operation, executor.fragments, conditions)
            except UncompilableError:
                plan = None
            known.plans[key] = plan
        return known.plans[key]

    def encode(self, answer: Any) -> bytes:
        """An answer as JSON, also of what has no place in it: half a surrogate pair."""
        try:
            return self._encoder.encode(answer)
        except UnicodeEncodeError:
            return json.dumps(answer, default=_plain).encode()

    def _text(self, part: Any) -> Raw:
        if type(part) is not Coming:
            raise TypeError(f"{type(part).__name__} is not JSON")
        text = msgspec.json.encode(part.built)
        kept = self.project.kept
        return kept.keep(part.shelf, part.value, text) if kept is not None and part.lasts else Raw(text)


def _plain(part: Any) -> Any:
    if isinstance(part, Coming):
        return part.built
    if isinstance(part, Raw):
        return json.loads(bytes(part))
    if isinstance(part, Struct):
        return {one.encode_name: getattr(part, one.name) for one in structs.fields(part)}
    raise TypeError(f"{type(part).__name__} is not JSON")


def _conditions(executor: Executor[Any]) -> Sequence[str]:
    found = Conditions()
    visit(executor.operation, found)
    for fragment in executor.fragments.values():
        visit(fragment.definition, found)
    return sorted(found.names)


class Conditions(Visitor):
    """Collects the variables of @skip and @include."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Called by `visit`."""
        if node.name.value in {"skip", "include"}:
            self.names |= {one.value.name.value for one in node.arguments or () if isinstance(one.value, VariableNode)}
