"""Which lists of a source can hold runs that are wanted: decided before any list is asked for."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from connectors.contract import WHOLE_SOURCE, ExecutionQuery, Stale
from connectors.errors import ConnectorError, UnsupportedError
from resolvers.context import Source
from resolvers.loaders import by_any_id, masked
from resolvers.request import HistoryRequest
from schema.identity import NativeId
from schema.instant import SECOND
from schema.model import Workflow


class SourcePlan(Struct, frozen=True):
    """What to ask a source for. One that is skipped, or whose plan failed, is asked for nothing."""

    source: Source
    partitions: Sequence[str] = ()
    query: ExecutionQuery | None = None
    "What its lists are asked for."
    ids: Sequence[NativeId] = ()
    "Runs to ask for by name, in place of lists."
    is_skipped: bool = False
    error: ConnectorError | None = None
    stale: Stale | None = None
    "Its list of workflows is one of before: runs of newer workflows may be missing."
    remark: ConnectorError | None = None
    "Why matches may be missing although it answers."


async def plan_source(source: Source, query: ExecutionQuery, request: HistoryRequest, now: int) -> SourcePlan:
    """The plan for one source. Lists its workflows, if it has a list for each of them."""
    plan = plan_at_hand(source, query, request, now)
    if plan is not None:
        return plan
    try:
        workflows = await source.connector.workflows()
    except Exception as error:
        failed = masked(error, source.name).error
        return SourcePlan(source, error=failed)
    return _plan_of(source, query, workflows, now)


def plan_at_hand(source: Source, query: ExecutionQuery, request: HistoryRequest, now: int) -> SourcePlan | None:
    """The same, if its workflows are remembered or do not matter."""
    connector = source.connector
    can = connector.capabilities
    is_wanted = (
        (request.sources is None or source.name in request.sources)
        and (request.providers is None or connector.provider in request.providers)
        and query.may_match(can.statuses)
    )
    if not is_wanted:
        return SourcePlan(source, is_skipped=True)
    if request.ids is not None:
        ids = request.ids.get(source.name, ())
        return SourcePlan(source, ids=ids, query=query, is_skipped=not ids)
    if not can.partitioned:
        return SourcePlan(source, (WHOLE_SOURCE,), query, remark=_beyond_retention(query, source, now))
    workflows = None if source.remembering is None else source.remembering.workflows_at_hand()
    return None if workflows is None else _plan_of(source, query, workflows, now)


def _plan_of(source: Source, query: ExecutionQuery, workflows: Sequence[Workflow], now: int) -> SourcePlan:
    chosen = chosen_workflows(workflows, query)
    _expect(chosen, source)
    is_narrowed = query.workflow_ids is not None or query.workflow_name_contains is not None
    return SourcePlan(
        source,
        sorted(workflow.native_id for workflow in chosen),
        query if query.workflow_ids is None else replace(query, workflow_ids=None),
        is_skipped=is_narrowed and not chosen,
        stale=getattr(workflows, "stale", None),
        remark=_beyond_retention(query, source, now),
    )


def chosen_workflows(workflows: Sequence[Workflow], query: ExecutionQuery) -> Sequence[Workflow]:
    """Those with a wanted id, by whichever of their ids, and with the wanted part of a name, if the name is known."""
    if query.workflow_ids is not None:
        by_id = by_any_id(workflows)
        found = {by_id[wanted].native_id: by_id[wanted] for wanted in query.workflow_ids if wanted in by_id}
        workflows = list(found.values())
    part = query.workflow_name_contains
    if part is not None:
        workflows = [flow for flow in workflows if flow.name is None or part.casefold() in flow.name.casefold()]
    return workflows


def _expect(workflows: Sequence[Workflow], source: Source) -> None:
    """What the provider's own counts say of how dense runs lie, where nothing was learned yet: saves a first call."""
    can = source.connector.capabilities
    if can.retention is None:
        return
    for workflow in workflows:
        if workflow.run_count is not None and workflow.run_count > can.page_size:
            width = int(can.retention.total_seconds()) * SECOND * can.page_size // (2 * workflow.run_count)
            source.memory.windows.setdefault(workflow.native_id, width)


def _beyond_retention(query: ExecutionQuery, source: Source, now: int) -> UnsupportedError | None:
    """A range of starts that reaches back further than the source remembers."""
    retention = source.connector.capabilities.retention
    edge = query.started.end if query.started.start is None else query.started.start
    if retention is None or edge is None or edge >= now - int(retention.total_seconds()) * SECOND:
        return None
    return UnsupportedError(f"keeps runs for {retention.days} days; older ones in this range may be gone")
