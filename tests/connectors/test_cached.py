"""The cache: what is over is remembered for long, what can change for seconds, and failures not at all."""

import asyncio
from dataclasses import dataclass

import pytest

from connectors.cached import Cached
from connectors.contract import ExecutionQuery, Range, StepList
from connectors.errors import ConnectorError, ForbiddenError, UnreachableError
from connectors.lifetimes import FINAL, LIVE, MISSING, REFRESH, WORKFLOWS
from schema.identity import NativeId
from schema.model import Execution, ExecutionOrder, ExecutionStatus, Workflow
from tests.connectors.sources import Toys, toy_run, toy_step

S = ExecutionStatus
DOWN = UnreachableError("down")


@dataclass
class Clocks:
    """Monotonic seconds, and nanoseconds on the wall."""

    now: float = 1000.0
    wall: int = 5_000_000_000

    def __call__(self) -> float:
        return self.now

    def on_the_wall(self) -> int:
        return self.wall


def cached(*runs: Execution) -> tuple[Cached, Toys, Clocks]:
    toys, clocks = Toys({run.key: run for run in runs}), Clocks()
    return Cached(toys, clock=clocks, wall_clock=clocks.on_the_wall, randomness=lambda: 0.5), toys, clocks


def key(native_id: str) -> NativeId:
    return NativeId("flow-1", native_id)


async def test_it_is_the_source_that_it_stands_for() -> None:
    connector, toys, _ = cached()
    assert (connector.name, connector.provider, connector.capabilities) == ("toys", "TOY", toys.capabilities)


@pytest.mark.parametrize(
    ("status", "lives"),
    [(status, FINAL if status.is_final else LIVE) for status in ExecutionStatus],
)
async def test_a_run_is_remembered_for_long_once_it_is_over(status: ExecutionStatus, lives: float) -> None:
    connector, toys, clocks = cached(toy_run("r1", status=status))
    await connector.get_executions([key("r1")])

    clocks.now += lives - 0.1
    assert (await connector.get_executions([key("r1")]))[key("r1")] == toys.runs[key("r1")]
    assert toys.count("get") == 1
    clocks.now += 0.2
    await connector.get_executions([key("r1")])
    assert toys.count("get") == 2


async def test_only_runs_that_are_not_remembered_are_asked_for() -> None:
    connector, toys, _ = cached(toy_run("r1"), toy_run("r2"))
    await connector.get_executions([key("r1")])

    found = await connector.get_executions([key("r1"), key("r2"), key("gone")])

    assert found.keys() == {key("r1"), key("r2")}
    assert toys.asked[-1] == ("get", [key("r2"), key("gone")])


async def test_what_failed_is_asked_for_again_at_once_and_what_is_not_there_after_a_moment() -> None:
    connector, toys, clocks = cached()
    toys.runs[key("r1")] = DOWN
    assert await connector.get_executions([key("r1"), key("r2")]) == {key("r1"): DOWN}

    toys.runs = {key("r1"): toy_run("r1"), key("r2"): toy_run("r2")}

    assert (await connector.get_executions([key("r1"), key("r2")])).keys() == {key("r1")}
    clocks.now += MISSING + 0.1
    assert (await connector.get_executions([key("r1"), key("r2")])).keys() == {key("r1"), key("r2")}


@pytest.mark.parametrize(("status", "calls"), [(S.SUCCEEDED, 1), (S.RUNNING, 2)])
async def test_steps_of_a_run_that_is_over_are_asked_for_once(status: ExecutionStatus, calls: int) -> None:
    run = toy_run("r1", status=status)
    connector, toys, clocks = cached(run)
    assert await connector.list_steps([run]) == {run.key: StepList(steps=(toy_step(run),))}

    clocks.now += LIVE + 0.1
    await connector.list_steps([run])

    assert toys.count("steps") == calls


async def test_steps_read_while_the_run_went_on_do_not_last_when_it_is_over() -> None:
    """They may be short of some."""
    connector, toys, clocks = cached(toy_run("r1", status=S.RUNNING))
    await connector.list_steps([toy_run("r1", status=S.RUNNING)])

    clocks.now += LIVE + 0.1
    await connector.list_steps([toy_run("r1", status=S.SUCCEEDED)])

    assert toys.count("steps") == 2


async def test_steps_that_could_not_be_had_are_asked_for_again() -> None:
    run = toy_run("r1")
    connector, toys, _ = cached()
    toys.runs[run.key] = DOWN
    assert await connector.list_steps([run]) == {run.key: DOWN}

    toys.runs[run.key] = run

    assert isinstance((await connector.list_steps([run]))[run.key], StepList)


async def test_a_page_lives_for_seconds_and_keeps_the_time_it_was_asked_for() -> None:
    connector, toys, clocks = cached(toy_run("r1"))
    first = await connector.list_executions("flow-1", ExecutionQuery(), None)
    assert first.as_of == 5_000_000_000

    clocks.now += LIVE - 0.1
    clocks.wall += 4_000_000_000
    assert (await connector.list_executions("flow-1", ExecutionQuery(), None)).as_of == first.as_of
    assert toys.count("list") == 1
    clocks.now += REFRESH + 0.2

    again = await connector.list_executions("flow-1", ExecutionQuery(), None)
    assert (again.as_of, toys.count("list")) == (9_000_000_000, 2)


async def test_a_page_past_its_time_is_given_once_more_while_it_is_asked_for_anew() -> None:
    connector, toys, clocks = cached(toy_run("r1"))
    await connector.list_executions("flow-1", ExecutionQuery(), None)
    clocks.now += LIVE + 0.1
    clocks.wall += 6_000_000_000

    given = await connector.list_executions("flow-1", ExecutionQuery(), None)
    assert (given.as_of, given.stale_because) == (5_000_000_000, None)
    for _ in range(20):
        await asyncio.sleep(0)  # let the background do its work

    renewed = await connector.list_executions("flow-1", ExecutionQuery(), None)
    assert (renewed.as_of, toys.count("list")) == (11_000_000_000, 2)


async def test_an_old_page_stands_in_for_a_source_that_is_away_and_says_so() -> None:
    connector, toys, clocks = cached(toy_run("r1"))
    await connector.list_executions("flow-1", ExecutionQuery(), None)
    clocks.now += LIVE + REFRESH + 0.1
    toys.failing = DOWN

    page = await connector.list_executions("flow-1", ExecutionQuery(), None)

    assert [run.native_id for run in page.executions] == ["r1"]
    assert (page.as_of, page.stale_because) == (5_000_000_000, DOWN)


async def test_another_question_is_another_page() -> None:
    connector, toys, _ = cached(toy_run("r1"))
    questions = [
        ("flow-1", ExecutionQuery(), None),
        ("flow-1", ExecutionQuery(), "10"),
        ("flow-2", ExecutionQuery(), None),
        ("flow-1", ExecutionQuery(limit=10), None),
        ("flow-1", ExecutionQuery(order=ExecutionOrder.STARTED_AT_ASC), None),
        ("flow-1", ExecutionQuery(statuses=frozenset({S.FAILED})), None),
        ("flow-1", ExecutionQuery(statuses=frozenset()), None),
        ("flow-1", ExecutionQuery(started=Range(1)), None),
        ("flow-1", ExecutionQuery(started=Range(None, 1)), None),
    ]
    for _ in range(2):
        for partition, query, cursor in questions:
            await connector.list_executions(partition, query, cursor)

    assert [what for call, what in toys.asked if call == "list"] == questions


async def test_a_list_that_failed_is_asked_for_again() -> None:
    connector, toys, _ = cached(toy_run("r1"))
    toys.failing = DOWN
    with pytest.raises(UnreachableError):
        await connector.list_executions("flow-1", ExecutionQuery(), None)
    with pytest.raises(UnreachableError):
        await connector.workflows()

    toys.failing = None

    assert (await connector.list_executions("flow-1", ExecutionQuery(), None)).executions
    assert list(await connector.workflows()) == []


async def test_workflows_live_for_minutes() -> None:
    connector, toys, clocks = cached()
    toys.flows = (Workflow(source="toys", provider="TOY", native_id="flow-1", name="One"),)
    assert list(await connector.workflows()) == list(toys.flows)

    clocks.now += WORKFLOWS - 0.1
    await connector.workflows()
    assert toys.count("workflows") == 1
    clocks.now += 0.2
    await connector.workflows()
    assert toys.count("workflows") == 2


async def test_a_run_that_was_deleted_is_forgotten_with_the_lists_that_may_name_it() -> None:
    run, other = toy_run("r1"), toy_run("r2")
    connector, _, _ = cached(run, other)
    await connector.get_executions([run.key, other.key])
    await connector.list_steps([run])
    await connector.list_executions("flow-1", ExecutionQuery(), None)

    assert await connector.delete_execution(run.key) is True

    assert (await connector.get_executions([run.key, other.key])).keys() == {other.key}
    assert await connector.list_steps([run]) == {}
    assert [one.key for one in (await connector.list_executions("flow-1", ExecutionQuery(), None)).executions] == [
        other.key
    ]
    assert await connector.delete_execution(run.key) is False


async def test_a_deletion_that_is_refused_is_said() -> None:
    connector, toys, _ = cached(toy_run("r1"))
    toys.failing = ForbiddenError("no right")
    with pytest.raises(ConnectorError, match="no right"):
        await connector.delete_execution(key("r1"))


async def test_closing_it_closes_the_source() -> None:
    closed: list[str] = []

    async def close() -> None:
        closed.append("toys")

    await Cached(Toys(), close=close).aclose()
    await Cached(Toys()).aclose()

    assert closed == ["toys"]
