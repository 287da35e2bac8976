"""A source kept to the workflows that its operator named: the others are not there, whoever asks how."""

from connectors.contract import WHOLE_SOURCE, ExecutionQuery
from connectors.errors import UnreachableError
from connectors.narrowed import Narrowed
from schema.identity import NativeId
from schema.model import Workflow
from tests.connectors.rows import runs_of
from tests.connectors.sources import Toys, toy_run

MINE, THEIRS = toy_run("r1", "mine"), toy_run("r2", "theirs")
FLOWS = (
    Workflow(source="toys", provider="TOY", native_id="mine", aliases=("tenant:mine",)),
    Workflow(source="toys", provider="TOY", native_id="theirs", aliases=("tenant:theirs",)),
)


def narrowed(*names: str) -> tuple[Narrowed, Toys]:
    toys = Toys({MINE.key: MINE, THEIRS.key: THEIRS}, FLOWS)
    return Narrowed(toys, frozenset(names)), toys


async def test_it_is_the_source_that_it_stands_for() -> None:
    connector, toys = narrowed("mine")
    assert (connector.name, connector.provider, connector.capabilities) == ("toys", "TOY", toys.capabilities)


async def test_only_named_workflows_are_listed_by_whichever_of_their_ids() -> None:
    for name in ("mine", "tenant:mine"):
        connector, _ = narrowed(name)
        assert [flow.native_id for flow in await connector.workflows()] == ["mine"]


async def test_a_list_of_the_whole_source_is_asked_for_the_named_workflows_only() -> None:
    connector, toys = narrowed("mine", "more")

    await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(limit=7), "token")
    await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(workflow_ids=frozenset({"mine", "theirs"})), None)

    assert toys.asked == [
        ("list", (WHOLE_SOURCE, ExecutionQuery(limit=7, workflow_ids=frozenset({"mine", "more"})), "token")),
        ("list", (WHOLE_SOURCE, ExecutionQuery(workflow_ids=frozenset({"mine"})), None)),
    ]


async def test_a_list_of_unnamed_workflows_is_empty_without_a_call() -> None:
    connector, toys = narrowed("mine")

    page = await connector.list_executions(WHOLE_SOURCE, ExecutionQuery(workflow_ids=frozenset({"theirs"})), None)

    assert (list(runs_of(page)), page.next_cursor, toys.asked) == ([], None, [])


async def test_a_list_of_one_workflow_is_asked_for_as_it_is() -> None:
    connector, toys = narrowed("mine")

    page = await connector.list_executions("mine", ExecutionQuery(), None)

    assert [run.key for run in runs_of(page)] == [MINE.key]
    assert toys.asked == [("list", ("mine", ExecutionQuery(), None))]


async def test_runs_of_other_workflows_are_not_there() -> None:
    connector, _ = narrowed("mine")

    assert await connector.get_executions([MINE.key, THEIRS.key]) == {MINE.key: MINE}


async def test_a_run_is_judged_by_its_own_workflow_and_not_by_the_one_its_id_claims() -> None:
    claimed = NativeId("mine", "r2")
    connector, toys = narrowed("mine")
    toys.runs[claimed] = THEIRS

    assert await connector.get_executions([claimed]) == {}


async def test_a_run_of_a_workflow_named_by_another_id_is_there() -> None:
    connector, _ = narrowed("tenant:mine")

    assert await connector.get_executions([MINE.key, THEIRS.key]) == {MINE.key: MINE}


async def test_a_run_that_could_not_be_had_stays_an_error() -> None:
    connector, toys = narrowed("mine")
    error = toys.runs[MINE.key] = UnreachableError("down")

    assert await connector.get_executions([MINE.key]) == {MINE.key: error}


async def test_only_runs_of_named_workflows_are_deleted() -> None:
    connector, toys = narrowed("mine")

    assert await connector.delete_execution(THEIRS.key) is False
    assert await connector.delete_execution(MINE.key) is True
    assert toys.runs.keys() == {THEIRS.key}


async def test_steps_are_those_of_runs_that_were_let_through_before() -> None:
    connector, _ = narrowed("mine")

    assert (await connector.list_steps([MINE])).keys() == {MINE.key}
