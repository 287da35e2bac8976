"""`Query.executionHistory` and `Mutation.deleteExecution`."""

from collections.abc import Awaitable
from functools import lru_cache
from typing import Any, cast

from ariadne import MutationType, QueryType

from connectors.contract import Deleting
from connectors.errors import ConnectorError, UnsupportedError
from resolvers.context import Context, Info
from resolvers.errors import CallerError, bad_input
from resolvers.history import make, shown_before
from resolvers.request import HistoryRequest, read_request
from schema.identity import NativeId, unpack
from schema.model import DeleteExecutionResult, ExecutionConnection, ExecutionOrder

query = QueryType()
mutation = MutationType()


@query.field("executionHistory")
def resolve_execution_history(
    _root: object,
    info: Info,
    *,
    order_by: str,
    input: dict[str, Any] | None = None,  # noqa: A002  # the SDL's word
    first: int | None = None,
    after: str | None = None,
) -> ExecutionConnection | Awaitable[ExecutionConnection]:
    """One page of the list over all sources."""
    context = info.context
    if input is None and after is None:
        request = all_runs(order_by, first)
    else:
        request = read_request(input, ExecutionOrder(order_by), first, after, context.house.cursor_key)
    for source in (request.sources or set()) | (request.ids or {}).keys():
        if source not in context.by_name:
            raise bad_input(f"no source {source!r} is configured")
    page = shown_before(context, request, after)
    if page is None:
        return made(context, request, after)
    context.pages.append(page)
    return page  # what nobody waits for needs no coroutine


async def made(context: Context, request: HistoryRequest, after: str | None) -> ExecutionConnection:
    """A page that has to be waited for."""
    page = await make(context, request, after)
    context.pages.append(page)
    return page


@lru_cache(maxsize=64)
def all_runs(order_by: str, first: int | None) -> HistoryRequest:
    """The first page without conditions, which is what most ask for."""
    return read_request(None, ExecutionOrder(order_by), first, None, b"")


@mutation.field("deleteExecution")
async def resolve_delete_execution(_root: object, info: Info, *, id: str) -> DeleteExecutionResult:  # noqa: A002
    """Deletes one run, where the operator allows it and the provider can."""
    context = info.context
    if not context.house.allow_delete:
        raise CallerError("deleteExecution is not allowed here ([server] allow_delete)", "FORBIDDEN")
    parts = unpack(id)
    if parts is None or len(parts) != 3:
        raise bad_input("id: not an Execution.id")
    source, workflow, execution = parts
    if source not in context.by_name:
        raise bad_input(f"no source {source!r} is configured")
    connector = context.by_name[source].connector
    try:
        if not connector.capabilities.deletes:
            raise UnsupportedError("this provider deletes no runs")
        deleted = await cast(Deleting, connector).delete_execution(NativeId(workflow, execution))
    except ConnectorError as error:
        return DeleteExecutionResult(id=id, deleted=False, error=error.as_data())
    return DeleteExecutionResult(id=id, deleted=deleted)
