"""The runs of one provider, as a store that may be changed while its server is up.

What it shows is a pure function of its contents and the time asked for: runs that start later are already in it, and
are not shown before. A schedule, if there is one, is asked for more runs as the clock moves on.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter

from sandbox.model import Run, Step, Workflow
from sandbox.steps import steps_of

_start = attrgetter("started_at")
_order = attrgetter("started_at", "id")


class World:
    """Workflows and their runs.

    Args:
        schedule: The runs still to start, in the order of their start, without end; read no further than the clock
            has come.
        retention: Runs that started longer ago than so many nanoseconds are not shown, unless they are `kept`.
    """

    def __init__(
        self,
        workflows: Iterable[Workflow] = (),
        runs: Iterable[Run] = (),
        *,
        schedule: Iterator[Run] | None = None,
        retention: int | None = None,
        seed: int = 7,
    ) -> None:
        self.workflows = {workflow.id: workflow for workflow in workflows}
        self.retention = retention
        self.seed = seed
        self._schedule = schedule
        self._next = next(schedule, None) if schedule else None
        self._by_id = {run.id: run for run in runs}
        self._sorted = sorted(self._by_id.values(), key=_order)
        self._of: dict[str, list[Run]] = {id_: [] for id_ in self.workflows}
        for run in self._sorted:
            self._of.setdefault(run.workflow, []).append(run)

    @property
    def runs(self) -> Sequence[Run]:
        """All runs that are known by now, newest first, with those that are yet to start."""
        return self._sorted[::-1]

    def add(self, run: Run) -> None:
        """Put a run in, in place of one with the same id."""
        if run.id in self._by_id:
            self.delete(run.id)
        self._by_id[run.id] = run
        insort(self._sorted, run, key=_order)
        insort(self._of.setdefault(run.workflow, []), run, key=_order)

    def delete(self, run_id: str) -> None:
        """Take a run out.

        Raises:
            KeyError: There is none with that id.
        """
        run = self._by_id.pop(run_id)
        for runs in (self._sorted, self._of[run.workflow]):
            runs.pop(bisect_left(runs, _order(run), key=_order))

    def visible(self, now: int, workflow: str | None = None) -> list[Run]:
        """The runs to be seen at `now`, of one workflow or of all, newest first."""
        self._catch_up(now)
        runs = self._sorted if workflow is None else self._of.get(workflow, [])
        started = runs[: bisect_right(runs, now, key=_start)]
        if self.retention is None:
            return started[::-1]
        horizon = now - self.retention
        first = bisect_left(started, horizon, key=_start)
        return started[first:][::-1] + [run for run in reversed(started[:first]) if run.kept]

    def find(self, run_id: str, now: int) -> Run | None:
        """The run with that id, if it is to be seen at `now`."""
        self._catch_up(now)
        run = self._by_id.get(run_id)
        if run is None or run.started_at > now:
            return None
        archived = self.retention is not None and run.started_at < now - self.retention and not run.kept
        return None if archived else run

    def steps(self, run: Run) -> tuple[Step, ...]:
        """The steps of a run, from its first to its last, with those that are yet to start."""
        workflow = self.workflows.get(run.workflow) or Workflow(id=run.workflow, name=run.workflow)
        return steps_of(run, workflow, self.seed)

    def _catch_up(self, now: int) -> None:
        while self._next is not None and self._schedule is not None and self._next.started_at <= now:
            self.add(self._next)
            self._next = next(self._schedule, None)


Worlds = dict[str, World]
Clock = Callable[[], int]
