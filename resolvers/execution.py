"""Fields of runs that are more than an attribute: those that a listing leaves out, steps, and names of workflows."""

from collections.abc import Awaitable, Hashable, Mapping, Sequence
from typing import Any

from ariadne import InterfaceType, ObjectType
from msgspec import Raw

from connectors.contract import Stale, StepList
from connectors.errors import ConnectorError
from resolvers.batches import UNKNOWN, Batch, Look, Unknown, look_at_runs, one_by_one
from resolvers.context import Context, Info
from resolvers.errors import FieldFailedError
from resolvers.loaders import Failed
from resolvers.step import StepFilterInput, StepPage, connection_of, read_page
from schema.identity import NativeId
from schema.model import Execution, ExecutionConnection, ExecutionError, ExecutionStepConnection, Workflow


def type_of(value: object, *_: object) -> str:
    """Models are named like their SDL types."""
    return type(value).__name__


execution = InterfaceType("Execution", type_of)
workflow = ObjectType("Workflow")
connection = ObjectType("ExecutionConnection")


def look_at_errors(info: Info) -> Look:
    """From the record, or from wherever its source tells it."""
    context = info.context

    def known(run: Execution) -> ExecutionError | Unknown | None:
        return UNKNOWN if run.error is None and run.status.may_have_error else run.error

    async def find(run: Execution) -> ExecutionError | None:
        try:
            return await context.loaders(run.source).error_of(run)
        except ConnectorError as error:
            raise FieldFailedError(run.source, error) from None

    look = look_at_runs(context, "error", known, one_by_one(find))

    def peek(run: Execution) -> Any:
        return look.peek(run) if run.status.may_have_error else run.error  # most are well: nothing to look for

    return Look(peek, look.resolve)


def look_at_inputs(info: Info) -> Look:
    """From the record, or from the detail."""
    return _payloads(info.context, "input")


def look_at_outputs(info: Info) -> Look:
    """From the record, or from the detail."""
    return _payloads(info.context, "output")


def _payloads(context: Context, name: str) -> Look:
    def known(run: Execution) -> Raw | Unknown | None:
        payload: Raw | None = getattr(run, name)
        return payload or UNKNOWN

    async def find(run: Execution) -> Raw | None:
        try:
            loaders = context.loaders(run.source)
            detail = await loaders.detail(run) if name in loaders.connector.capabilities.fields_from_detail else run
        except ConnectorError as error:
            raise FieldFailedError(run.source, error) from None
        return getattr(detail, name, None)

    return look_at_runs(context, name, known, one_by_one(find))


def look_at_steps(
    info: Info,
    *,
    first: int | None = None,
    after: str | None = None,
    filter: StepFilterInput = None,  # noqa: A002  # the SDL's word
) -> Look:
    """A page of each run's steps. That they could not be had is told in it."""
    context = info.context
    page = read_page(first, after, filter)

    def find(runs: Sequence[Execution]) -> Awaitable[Sequence[ExecutionStepConnection | BaseException]]:
        return _steps(context, runs, page)

    field = ("steps", first, after, repr(filter))
    return look_at_runs(context, field, lambda run: UNKNOWN, find, lambda steps: steps.complete)


async def _steps(
    context: Context, runs: Sequence[Execution], page: StepPage
) -> Sequence[ExecutionStepConnection | BaseException]:
    """All are asked for before the first is waited for: so a loader has all of its source together."""
    found: list[ExecutionStepConnection | BaseException] = []
    for run, (steps, stale) in [(run, _ask_for_steps(context, run)) for run in runs]:
        try:
            told = steps if isinstance(steps, Failed) else await steps
            found.append(connection_of(told, page, stale.get(run.key)))
        except Exception as error:  # of ours: it spoils this run's steps only
            found.append(error)
    return found


def _ask_for_steps(
    context: Context, run: Execution
) -> tuple[Awaitable[StepList | Failed] | Failed, Mapping[NativeId, Stale]]:
    """They, and which are of before, which is known once they have come."""
    try:
        loader = context.loaders(run.source).steps
    except ConnectorError as error:
        return Failed(error), {}
    return loader.load(run), loader.stale


def look_at_workflow_names(info: Info) -> Look:
    """As they came with the runs, or from the sources' lists of workflows."""
    context = info.context
    listed = {name: known[1] for name, known in context.workflows_known.items()}

    def peek(one: Workflow) -> Any:
        if one.name is not None:
            return one.name
        by_id = listed.get(one.source)
        if by_id is None:
            return UNKNOWN
        found = by_id.get(one.native_id)
        return None if found is None else found.name

    async def find(one: Workflow) -> str | None:
        name: Any = peek(one)
        return await _workflow_name(context, one) if name is UNKNOWN else name

    return Look(peek, one_by_one(find))


async def _workflow_name(context: Context, one: Workflow) -> str | None:
    try:
        found = await context.loaders(one.source).workflows.load(one.native_id)
    except ConnectorError as error:
        raise FieldFailedError(one.source, error) from None
    if isinstance(found, Failed):
        raise FieldFailedError(one.source, found.error)
    return None if found is None else found.name


def workflows_version(info: Info) -> Hashable:
    """Changes when a name in a source's list of workflows does, as far as the lists are remembered."""
    return tuple((name, known[0]) for name, known in info.context.workflows_known.items())


def name_lasts(one: Workflow, _name: str | None, info: Info) -> bool:
    """Until the version changes, or for ever if the run has brought it."""
    return one.name is not None or one.source in info.context.workflows_known


def look_at_total_counts(_info: Info) -> Look:
    """Counted now that it is selected."""

    async def count(page: ExecutionConnection) -> int | None:
        return None if page.count is None else await page.count()

    return Look(lambda page: UNKNOWN, one_by_one(count))


BATCHES = {
    "Execution.error": Batch(look_at_errors),
    "Execution.input": Batch(look_at_inputs),
    "Execution.output": Batch(look_at_outputs),
    "Execution.steps": Batch(look_at_steps, lasts=lambda run, steps, info: steps.complete),
    "Workflow.name": Batch(look_at_workflow_names, name_lasts, workflows_version),
    "ExecutionConnection.totalCount": Batch(look_at_total_counts, lasts=lambda page, count, info: False),
}
"By the type or interface, and the field."

for bindable in (execution, workflow, connection):
    for name, batch in BATCHES.items():
        if name.startswith(f"{bindable.name}."):
            bindable.set_field(name.partition(".")[2], batch.resolve_one)
