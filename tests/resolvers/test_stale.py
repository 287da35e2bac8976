"""Answers of before that stand in for a source say so where they are shown: runs by id, steps, and filters by them."""

from typing import Any

from connectors.cached import Cached
from connectors.errors import ConnectorError, UnreachableError
from resolvers.context import Context, House, Source
from resolvers.history import History
from resolvers.loaders import StepsLoader
from resolvers.request import read_request
from resolvers.step import connection_of, read_page
from schema.model import ExecutionConnection, ExecutionOrder, ExecutionStatus, SourceErrorCode, SourceOutcomeStatus
from tests.connectors.asked import OPEN, Asked, Clock, run

SECOND = 10**9
DOWN = UnreachableError("HTTP 503", http_status=503)


class Setting:
    """A source that has answered, and is asked again ten minutes later, when it is down."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.source = Asked()
        self.cache = Cached(self.source, self.clock, lambda: int(self.clock.now * SECOND), randomness=lambda: 0.5)
        self.house = House([Source(self.cache)])

    async def page(self, **given: Any) -> ExecutionConnection:
        request = read_request(given, ExecutionOrder.STARTED_AT_DESC, 10, None, self.house.cursor_key)
        return await History(Context(self.house), request).page()

    def later(self, trouble: ConnectorError | None = DOWN) -> None:
        self.clock.now += 600
        self.source.trouble = lambda: trouble


async def test_open_runs_by_id_are_those_of_before_and_say_so() -> None:
    setting = Setting()
    ids = [one.id for one in setting.source.runs]
    fresh = await setting.page(ids=ids)
    assert fresh.complete
    setting.later()

    page = await setting.page(ids=ids)

    assert page.nodes == fresh.nodes
    (outcome,) = page.sources
    assert outcome.status is SourceOutcomeStatus.PARTIAL
    assert outcome.as_of is not None
    assert outcome.as_of.ns == 1000 * SECOND
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.message) == (
        SourceErrorCode.UNREACHABLE,
        "an older answer stands in: HTTP 503",
    )


async def test_finished_runs_by_id_are_what_they_were() -> None:
    setting = Setting()
    ids = [setting.source.runs[0].id]
    await setting.page(ids=ids)
    setting.later()
    setting.clock.now += 7200

    page = await setting.page(ids=ids)

    assert page.complete
    assert len(page.nodes) == 1


async def test_steps_of_before_are_shown_and_called_incomplete() -> None:
    setting = Setting()
    live = run("b", OPEN)
    await setting.cache.list_steps([live])
    setting.later()
    loader = StepsLoader(setting.cache)

    steps = await loader.load(live)
    connection = connection_of(steps, read_page(None, None, None), loader.stale.get(live.key))

    assert [step.name for step in connection.nodes] == ["s1", "s2"]
    assert (connection.complete, connection.total_count) == (False, None)
    assert connection.error is not None
    assert connection.error.message == "an older answer stands in: HTTP 503"


async def test_a_condition_on_steps_of_before_leaves_the_list_incomplete() -> None:
    setting = Setting()
    given = {"workflow_ids": ["w"], "any_step": {"status": [ExecutionStatus.RUNNING]}}
    fresh = await setting.page(**given)
    assert [one.native_id for one in fresh.nodes] == ["b"]
    setting.clock.now += 8
    setting.source.trouble = lambda: DOWN

    page = await setting.page(**given)

    assert page.nodes == fresh.nodes
    assert not page.complete
