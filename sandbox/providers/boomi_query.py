"""What a Boomi query finds: the three objects, filtered, sorted and cut into pages of a hundred.

A query that is continued goes on in the state that its first page was read from, so pages neither overlap nor leave a
gap.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from sandbox.dice import dice
from sandbox.model import JSON, SECOND, Run
from sandbox.providers.boomi_filter import Expression, FilterError, matches, named, read_filter, read_sort, span
from sandbox.providers.boomi_rows import CONNECTOR_PROPERTIES, PROCESS_PROPERTIES, RECORD_PROPERTIES, Rows, process
from sandbox.stamps import stamp

PAGE = 100
OBJECTS = ("ExecutionRecord", "ExecutionConnector", "Process")

Row = dict[str, JSON]


@dataclass(frozen=True, slots=True)
class Query:
    """A query of one object, checked."""

    kind: str
    expression: Expression | None
    sort: tuple[tuple[str, bool], ...] = ()

    @classmethod
    def read(cls, kind: str, config: JSON) -> "Query":
        """The query of a QueryConfig.

        Raises:
            FilterError: It breaks the grammar.
        """
        if kind == "ExecutionRecord":
            return cls(kind, read_filter(config, RECORD_PROPERTIES), read_sort(config, RECORD_PROPERTIES))
        if isinstance(config, dict) and "QuerySort" in config:
            raise FilterError(f"{kind} cannot be sorted")
        return cls(kind, read_filter(config, PROCESS_PROPERTIES if kind == "Process" else CONNECTOR_PROPERTIES))

    def page(self, rows: Rows, offset: int, size: int = PAGE) -> tuple[list[Row], bool]:
        """A page of rows, and whether more follow."""
        match self.kind:
            case "ExecutionRecord":
                runs = list(islice(self.runs(rows), offset, offset + size + 1))
                return [rows.record(run) for run in runs[:size]], len(runs) > size
            case "ExecutionConnector":
                found = self._connectors(rows)
            case _:
                found = self._processes(rows)
        page = list(islice(found, offset, offset + size + 1))
        return page[:size], len(page) > size

    def runs(self, rows: Rows) -> Iterator[Run]:
        """The runs of a query of ExecutionRecord, in its order."""
        found = (
            run
            for run in self._ordered(rows)
            if self.expression is None or matches(self.expression, lambda name, run=run: rows.value(run, name))  # type: ignore[misc]
        )
        return iter(found)

    def _ordered(self, rows: Rows) -> Iterable[Run]:
        """The runs that may match, in the order asked for.

        Runs of one second come in no order to rely on, as do all if none was asked.
        """
        runs = _candidates(self.expression, rows)
        if self.sort in ((("executionTime", True),), (("executionTime", False),)):
            newest_first = self.sort[0][1]
            seconds = groupby(runs if newest_first else reversed(runs), key=lambda run: run.started_at // SECOND)
            return (run for _, group in seconds for run in _shuffled(group))
        ordered = _shuffled(runs)
        for name, descending in reversed(self.sort):
            ordered.sort(key=lambda run, name=name: _sortable(rows.value(run, name)), reverse=descending)  # type: ignore[misc]
        return ordered

    def _connectors(self, rows: Rows) -> Iterator[Row]:
        for run in _candidates(self.expression, rows):
            yield from (row for row in rows.connectors(run) if matches(self.expression, row.get))

    def _processes(self, rows: Rows) -> Iterator[Row]:
        every = (process(workflow.id, workflow.name) for workflow in rows.world.workflows.values())
        return (row for row in every if matches(self.expression, row.get))


def _candidates(expression: Expression | None, rows: Rows) -> list[Run]:
    """The runs that can match at all, newest first."""
    ids = named(expression, "executionId")
    if ids is not None:
        found = (rows.world.find(str(id_), rows.now) for id_ in ids)
        return sorted((run for run in found if run), key=lambda run: (run.started_at, run.id), reverse=True)
    workflows = named(expression, "processId")
    only = str(next(iter(workflows))) if workflows is not None and len(workflows) == 1 else None
    runs = rows.world.visible(rows.now, only)
    low, high = span(expression, "executionTime")
    first = bisect_left(runs, True, key=lambda run: stamp(run.started_at, 0) <= high)
    return runs[first : bisect_left(runs, True, key=lambda run: stamp(run.started_at, 0) < low)]


def _shuffled(runs: Iterable[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: dice(run.id, 2**32))


def _sortable(value: JSON) -> tuple[bool, JSON]:
    return value is not None, "" if value is None else value
