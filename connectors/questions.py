"""What a source can be asked, as values: they are what is remembered by, and what calls under way are told apart by.

Questions that lead to the same call are equal. So a list's conditions that its source does not apply itself are left
out: lists with different filters share their pages, as far as the source sees no difference.
"""

from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from connectors.contract import EVER, Capabilities, ExecutionQuery, Filter, Page, Range, StepList
from schema.identity import NativeId
from schema.model import Execution, Workflow


class PageOf(Struct, frozen=True, tag=True, cache_hash=True):
    """One page of a list. Its conditions are those of `pushed`."""

    partition: str
    query: ExecutionQuery
    cursor: str | None


class RunOf(Struct, frozen=True, tag=True, gc=False):
    """One run. Text alone, so that the garbage collector need not look at what may be a hundred thousand."""

    key: NativeId


class StepsOf(Struct, frozen=True, tag=True, gc=False):
    """The steps of one run. Those of a run that is over are another question than those of before."""

    key: NativeId
    is_final: bool


class AllWorkflows(Struct, frozen=True, tag=True):
    """The list of workflows."""


Question: TypeAlias = PageOf | RunOf | StepsOf | AllWorkflows
Value: TypeAlias = Page | Execution | StepList | list[Workflow]


def pushed(query: ExecutionQuery, can: Capabilities) -> ExecutionQuery:
    """The part of a query that the source itself can apply, by its declaration."""
    if query.is_plain and query.order is _PLAIN.order:
        return query
    filters, started = can.pushes_down, query.started
    wanted = Range(
        started.start if Filter.STARTED_FROM in filters else None,
        started.end if Filter.STARTED_TO in filters else None,
    )
    return replace(
        query,
        order=query.order if query.order in can.orders else _PLAIN.order,
        workflow_ids=query.workflow_ids if Filter.WORKFLOWS in filters else None,
        statuses=query.statuses if Filter.STATUSES in filters else None,
        started=EVER if wanted == EVER else wanted,
        ended=EVER,
        duration=EVER,
        workflow_name_contains=None,
        error_contains=None,
        any_step=None,
    )


_PLAIN = ExecutionQuery()
