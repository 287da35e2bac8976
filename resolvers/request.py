"""The arguments of `executionHistory`, checked and in the words of connectors."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import EVER, ExecutionQuery, Range, StepFilter
from resolvers import cursor as cursors
from resolvers.cursor import Cursor
from resolvers.errors import bad_input, cursor_invalid, cursor_mismatch
from schema.identity import NativeId, unpack
from schema.instant import Instant
from schema.model import NANOSECONDS_PER_MS, ExecutionOrder, ExecutionStatus

MAX_FIRST = 500
MAX_IDS = 500

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """What is asked for. None means any."""

    query: ExecutionQuery
    providers: frozenset[str] | None
    sources: frozenset[str] | None
    ids: Mapping[str, Sequence[NativeId]] | None
    "By source."
    first: int
    after: Cursor | None
    fingerprint: bytes
    is_filtered: bool
    "Has conditions on runs themselves, which no source can count by."


def read_request(
    given: Arguments | None, order: ExecutionOrder, first: int | None, after: str | None, key: bytes
) -> HistoryRequest:
    """Checks the arguments.

    Raises:
        CallerError: With a message that names the argument.
    """
    given = {name: value for name, value in (given or {}).items() if value is not None}
    first = 50 if first is None else first
    if not 1 <= first <= MAX_FIRST:
        raise bad_input(f"first: from 1 to {MAX_FIRST}, not {first}")
    statuses = given.get("status")
    query = ExecutionQuery(
        order=order,
        limit=first,
        workflow_ids=_set(given.get("workflow_ids")),
        statuses=None if statuses is None else frozenset(ExecutionStatus(status) for status in statuses),
        started=_times(given, "started_at"),
        ended=_times(given, "ended_at"),
        duration=_durations(given.get("duration")),
        workflow_name_contains=given.get("workflow_name_contains"),
        error_contains=given.get("error_contains"),
        any_step=read_step_filter(given.get("any_step")),
    )
    ids = None if given.get("ids") is None else _ids(given["ids"])
    sets = [_sorted(part) for part in map(given.get, ("providers", "sources", "ids"))]
    fingerprint = cursors.fingerprint(sets, _plain(query))
    return HistoryRequest(
        query=query,
        providers=_set(given.get("providers")),
        sources=_set(given.get("sources")),
        ids=ids,
        first=first,
        after=None if after is None else _cursor(after, fingerprint, key),
        fingerprint=fingerprint,
        is_filtered=bool(given.keys() - {"providers", "sources", "workflow_ids", "workflow_name_contains"}),
    )


def read_step_filter(given: Arguments | None) -> StepFilter | None:
    """An `ExecutionStepFilter`; one without conditions is none."""
    given = {name: value for name, value in (given or {}).items() if value is not None}
    if not given:
        return None
    statuses = given.get("status")
    return StepFilter(
        statuses=None if statuses is None else frozenset(ExecutionStatus(status) for status in statuses),
        name_contains=given.get("name_contains"),
        types=_set(given.get("type")),
    )


def _set(values: Sequence[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)


def _times(given: Arguments, name: str) -> Range:
    if name not in given:
        return EVER
    start, end = given[name].get("from"), given[name].get("to")
    return _checked(Range(_ns(start), _ns(end)), f"{name}: `from` has to be before `to`")


def _ns(moment: Instant | None) -> int | None:
    return None if moment is None else moment.ns


def _durations(given: Arguments | None) -> Range:
    """Both ends are inclusive, and milliseconds may have fractions."""
    if given is None:
        return EVER
    low, high = given.get("min_ms"), given.get("max_ms")
    if any(bound is not None and not math.isfinite(bound * NANOSECONDS_PER_MS) for bound in (low, high)):
        raise bad_input("duration: too long")
    start = None if low is None else math.ceil(low * NANOSECONDS_PER_MS)
    end = None if high is None else math.floor(high * NANOSECONDS_PER_MS) + 1
    return _checked(Range(start, end), "duration: `minMs` is above `maxMs`")


def _checked(values: Range, problem: str) -> Range:
    if values.is_empty:
        raise bad_input(problem)
    return EVER if values == EVER else values


def _ids(given: Sequence[str]) -> Mapping[str, Sequence[NativeId]]:
    if len(given) > MAX_IDS:
        raise bad_input(f"ids: at most {MAX_IDS}, not {len(given)}")
    by_source: dict[str, list[NativeId]] = {}
    for text in dict.fromkeys(given):
        parts = unpack(text)
        if parts is None or len(parts) != 3:
            raise bad_input(f"ids: {text[:80]!r} is not an Execution.id")
        source, workflow, execution = parts
        by_source.setdefault(source, []).append(NativeId(workflow, execution))
    return by_source


def _cursor(text: str, fingerprint: bytes, key: bytes) -> Cursor:
    try:
        cursor = cursors.read(text, key)
    except cursors.NotACursorError:
        raise cursor_invalid() from None
    if cursor.fingerprint != fingerprint:
        raise cursor_mismatch()
    return cursor


def _plain(query: ExecutionQuery) -> list[object]:
    """The query as values that always come in the same order; the size of the page is not part of it."""
    step = query.any_step
    return [
        query.order,
        _sorted(query.workflow_ids),
        _sorted(query.statuses),
        *(f"{part.start}..{part.end}" for part in (query.started, query.ended, query.duration)),
        query.workflow_name_contains,
        query.error_contains,
        None if step is None else [_sorted(step.statuses), step.name_contains, _sorted(step.types)],
    ]


def _sorted(values: Iterable[str] | None) -> list[str] | None:
    """Nothing to choose from is not the same as no choice."""
    return None if values is None else sorted(values)
