"""Pages that are shown again: while no try is due, be their sources well or not; never longer."""

from typing import Any

from connectors.cached import Cached
from connectors.errors import ConnectorError, RefusedError, UnreachableError
from connectors.lifetimes import HARD_LIVE, LIVE
from connectors.standing import LONGEST_REST, REST
from resolvers.context import Context, House, Source
from resolvers.history import make, shown_before
from resolvers.pages import Pages
from resolvers.request import read_request
from schema.model import ExecutionConnection, ExecutionOrder, ExecutionStatus, SourceOutcomeStatus
from tests.connectors.asked import Asked, Clock

SECOND = 10**9


class Setting:
    """A source that has answered once."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.source = Asked()
        cache = Cached(self.source, self.clock, lambda: int(self.clock.now * SECOND), randomness=lambda: 0.5)
        self.house = House([Source(cache)], pages=Pages(self.clock), clock=self.clock)

    async def page(self, **further: Any) -> ExecutionConnection:
        given: dict[str, Any] = {"workflow_ids": ["w"], **further}
        request = read_request(given, ExecutionOrder.STARTED_AT_DESC, 10, None, self.house.cursor_key)
        context = Context(self.house)
        return shown_before(context, request, None) or await make(context, request, None)

    def later(self, seconds: float, trouble: ConnectorError | None) -> None:
        self.clock.now += seconds
        self.source.trouble = lambda: trouble


DOWN = UnreachableError("HTTP 503", http_status=503)


def is_stale(page: ExecutionConnection) -> bool:
    return page.sources[0].status is SourceOutcomeStatus.PARTIAL


async def test_a_page_of_before_is_shown_again_until_its_source_is_tried_again() -> None:
    setting = Setting()
    fresh = await setting.page()
    setting.later(600, DOWN)

    stale = await setting.page()
    setting.clock.now += 0.9 * REST
    again = await setting.page()
    setting.clock.now += 0.2 * REST
    later = await setting.page()

    assert [is_stale(page) for page in (fresh, stale, again, later)] == [False, True, True, True]
    assert again.nodes is stale.nodes
    assert later.nodes is not stale.nodes
    assert later.nodes == fresh.nodes


async def test_a_source_that_is_back_is_seen_when_its_rest_is_over() -> None:
    setting = Setting()
    await setting.page()
    setting.later(600, DOWN)
    await setting.page()

    setting.later(REST + 0.1, None)

    assert (await setting.page()).complete


async def test_who_is_told_to_wait_waits_no_longer_than_seconds() -> None:
    setting = Setting()
    await setting.page()
    setting.later(600, UnreachableError("left alone", retry_after=60))
    await setting.page()

    setting.later(LONGEST_REST + 0.1, None)

    assert (await setting.page()).complete


async def test_a_page_of_before_is_not_shown_past_the_hard_limit_though_its_source_rests() -> None:
    setting = Setting()
    await setting.page()
    setting.later(HARD_LIVE - 1, UnreachableError("left alone", retry_after=60))
    assert is_stale(await setting.page())

    setting.clock.now += 2
    late = await setting.page()

    assert late.sources[0].status is SourceOutcomeStatus.FAILED
    assert late.nodes == ()


async def test_what_fails_with_nothing_to_stand_in_is_tried_each_time() -> None:
    setting = Setting()
    setting.later(0, DOWN)
    failed = await setting.page()
    setting.later(0, None)

    assert failed.sources[0].status is SourceOutcomeStatus.FAILED
    assert (await setting.page()).complete


async def test_credentials_that_are_refused_end_what_was_shown() -> None:
    setting = Setting()
    await setting.page()
    setting.later(2 * LIVE + 1, RefusedError("HTTP 401", http_status=401))

    page = await setting.page()

    assert page.sources[0].status is SourceOutcomeStatus.FAILED
    assert page.nodes == ()


async def test_pages_that_are_good_no_more_are_let_go_of() -> None:
    """They hold runs that nobody else may remember any more."""
    setting = Setting()
    assert setting.house.pages is not None
    for status in ExecutionStatus:
        await setting.page(status=[status])
    assert len(setting.house.pages) > 1

    setting.later(600, None)
    await setting.page()

    assert len(setting.house.pages) == 1
