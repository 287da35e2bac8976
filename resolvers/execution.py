"""Fields of runs that are more than an attribute: those that a listing leaves out, steps, and names of workflows."""

from ariadne import InterfaceType, ObjectType
from msgspec import Raw

from connectors.errors import ConnectorError
from resolvers.context import Info
from resolvers.errors import FieldFailedError
from resolvers.loaders import Failed
from resolvers.step import StepFilterInput, connection_of, read_page
from schema.model import Execution, ExecutionConnection, ExecutionError, ExecutionStepConnection, Workflow


def type_of(value: object, *_: object) -> str:
    """Models are named like their SDL types."""
    return type(value).__name__


execution = InterfaceType("Execution", type_of)
workflow = ObjectType("Workflow")
connection = ObjectType("ExecutionConnection")


@execution.field("error")
async def resolve_error(parent: Execution, info: Info) -> ExecutionError | None:
    """From the record, or from wherever its source tells it."""
    context = info.context
    try:
        return await context.loaders(parent.source).error_of(parent)
    except ConnectorError as error:
        raise FieldFailedError(parent.source, error) from None


@execution.field("input")
async def resolve_input(parent: Execution, info: Info) -> Raw | None:
    """From the record, or from the detail."""
    return parent.input or getattr(await _detail(parent, info, "input"), "input", None)


@execution.field("output")
async def resolve_output(parent: Execution, info: Info) -> Raw | None:
    """From the record, or from the detail."""
    return parent.output or getattr(await _detail(parent, info, "output"), "output", None)


async def _detail(parent: Execution, info: Info, name: str) -> Execution | None:
    context = info.context
    try:
        loaders = context.loaders(parent.source)
        if name not in loaders.connector.capabilities.fields_from_detail:
            return None
        return await loaders.detail(parent)
    except ConnectorError as error:
        raise FieldFailedError(parent.source, error) from None


@execution.field("steps")
async def resolve_steps(
    parent: Execution,
    info: Info,
    *,
    first: int | None = None,
    after: str | None = None,
    filter: StepFilterInput = None,  # noqa: A002  # the SDL's word
) -> ExecutionStepConnection:
    """A page of the steps. That they could not be had is told in it."""
    context = info.context
    page = read_page(first, after, filter)
    try:
        loader = context.loaders(parent.source).steps
        steps = await loader.load(parent)
    except ConnectorError as error:
        return connection_of(Failed(error), page)
    return connection_of(steps, page, loader.stale.get(parent.key))


@workflow.field("name")
async def resolve_workflow_name(parent: Workflow, info: Info) -> str | None:
    """As it came with the run, or from the source's list of workflows."""
    if parent.name is not None:
        return parent.name
    context = info.context
    try:
        found = await context.loaders(parent.source).workflows.load(parent.native_id)
    except ConnectorError as error:
        raise FieldFailedError(parent.source, error) from None
    if isinstance(found, Failed):
        raise FieldFailedError(parent.source, found.error)
    return None if found is None else found.name


@connection.field("totalCount")
async def resolve_total_count(parent: ExecutionConnection, _info: Info) -> int | None:
    """Counted now that it is selected."""
    return None if parent.count is None else await parent.count()
