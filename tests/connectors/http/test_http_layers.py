"""The layers put together as a source has them, over real sockets."""

import asyncio
import json
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import asdict, replace
from structlog.testing import capture_logs

from connectors import connect
from connectors.connect import LayeredClients
from connectors.contract import WHOLE_SOURCE, ExecutionQuery, Rate, tally
from connectors.declaration import SourceSettings
from connectors.errors import ConnectorError, ThrottledError, UnreachableError
from connectors.http.auth import Renewed, Secret, Token
from connectors.http.client import HttpClient, Request, get, post
from connectors.providers.sailpoint import SailPointSettings
from connectors.registry import find_providers
from tests.connectors.http.fakes import FakeClock, ending_at
from tests.connectors.http.test_http_transport import serving
from tests.connectors.test_contract import DOORS, settings_of

CANARY = Secret("canary-secret-5f1d2c")
SETTINGS = SailPointSettings(provider="sailpoint", base_url="http://x", client_id=CANARY, client_secret=CANARY)
FAST = Rate(10_000, 1)
READ = get("/runs")
Rule = Callable[[web.BaseRequest], web.Response]


class Upstream:
    """Answers by a rule, and notes what was asked."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.asked: list[str] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(request.path)
        return self.rule(request)


@asynccontextmanager
async def source(
    rule: Rule, settings: SourceSettings = SETTINGS
) -> AsyncIterator[tuple[LayeredClients, Upstream, str]]:
    """What opens clients, what they meet, and where."""
    upstream, clock = Upstream(rule), FakeClock()
    opener = LayeredClients("identity", settings, FAST, 8, clock, clock.sleep, lambda: 1.0)
    async with serving(upstream) as url:
        try:
            yield opener, upstream, url
        finally:
            await opener.aclose()


def always(status: int, text: str = "{}", **headers: str) -> Rule:
    return lambda request: web.Response(status=status, text=text, headers=headers)


def clock_of(opener: LayeredClients) -> FakeClock:
    assert isinstance(opener.clock, FakeClock)
    return opener.clock


async def outcome(client: HttpClient, request: Request = READ) -> object:
    """The kind of error, or None."""
    try:
        await client.send(request)
    except ConnectorError as error:
        return type(error)
    return None


def layers(client: Any) -> list[Any]:
    """From the outside to the inside."""
    found = [client]
    while (client := getattr(client, "inner", None)) is not None:
        found.append(client)
    return found


async def test_the_order_is_the_one_that_is_written_down() -> None:
    opener = LayeredClients("identity", SETTINGS, FAST, 8)
    names = [type(layer).__name__ for layer in layers(opener("http://127.0.0.1:1"))]

    assert names == ["Breaker", "Retrying", "StatusChecked", "Observed", "Paced", "Authorized", "Transport"]
    assert f"Cached( provider ) over {'( '.join(names)} ))))))" in str(connect.__doc__)
    await opener.aclose()


async def test_what_a_source_has_once_its_clients_share() -> None:
    opener = LayeredClients("identity", SETTINGS, FAST, 8)
    one, other = layers(opener("http://127.0.0.1:1")), layers(opener("http://127.0.0.1:2"))

    assert one[1].budget is other[1].budget
    assert one[3].ledger is other[3].ledger
    assert one[4].pace is other[4].pace
    assert one[6].connections is other[6].connections
    assert one[0] is not other[0]
    await opener.aclose()


async def test_all_layers_keep_to_the_sources_settings() -> None:
    settings = replace(SETTINGS, timeout_seconds=20.0, max_connections=3)
    opener = LayeredClients("identity", settings, FAST, 8)
    found = layers(opener("http://127.0.0.1:1"))

    assert (found[1].patience, found[4].pace.patience, found[6].timeout) == (20.0, 20.0, 20.0)
    assert opener.connections.limit == 3
    await opener.aclose()


# thrift in trouble


@pytest.mark.parametrize("calls", [1, 3, 5, 8, 20, 200])
@pytest.mark.parametrize("status", [500, 503])
async def test_a_source_that_is_down_is_asked_a_fifth_more_at_most(calls: int, status: int) -> None:
    """And from the breaker's opening on not at all."""
    async with source(always(status)) as (opener, upstream, url):
        client = opener(url)
        found = [await outcome(client) for _ in range(calls)]

    assert found == [UnreachableError] * calls
    assert len(upstream.asked) <= 1.2 * min(calls, 10)


async def test_it_is_asked_again_after_the_cool_down_and_closes_with_the_first_success() -> None:
    async with source(always(503)) as (opener, upstream, url):
        client = opener(url)
        for _ in range(50):
            await outcome(client)
        upstream.rule = always(200)
        upstream.asked.clear()
        assert await outcome(client) is UnreachableError
        clock_of(opener).now += 5.0

        assert [await outcome(client) for _ in range(10)] == [None] * 10
        assert len(upstream.asked) == 10


async def test_all_tries_are_counted_for_the_query() -> None:
    counts = Counter[str]()
    async with source(always(200)) as (opener, upstream, url):
        client = opener(url)
        for _ in range(20):
            await client.send(READ)
        upstream.rule = always(502)
        mark = tally.set(counts)
        try:
            await outcome(client)
        finally:
            tally.reset(mark)

    assert counts == {"identity": 3}
    assert opener.ledger.outcomes == {"200": 20, "502": 3}


async def test_a_token_that_cannot_be_had_costs_one_call_for_each_that_needs_it() -> None:
    """Tried again as a whole, paid from one budget, and left alone as a whole."""

    async with source(always(503)) as (opener, upstream, url):
        exchange = opener(f"{url}/token")

        async def fetch() -> Token:
            await exchange.send(Request(method="POST", path="", body=b"{}"))
            return Token(Secret("t"), 600)

        client = opener(url, Renewed(fetch))
        for _ in range(50):
            assert await outcome(client) is UnreachableError

    assert set(upstream.asked) == {"/token"}
    assert len(upstream.asked) == 12


async def test_after_429_nothing_is_sent_until_the_time_has_come() -> None:
    async with source(always(429, **{"Retry-After": "30"})) as (opener, upstream, url):
        one, other = opener(url), opener(f"{url}/other")
        assert await outcome(one) is ThrottledError
        for client in [one, other] * 20:
            with ending_at(clock_of(opener).now + 10.0):
                assert await outcome(client) is ThrottledError
        assert len(upstream.asked) == 1

        clock_of(opener).now += 25.0
        upstream.rule = always(200)
        with ending_at(clock_of(opener).now + 10.0):
            assert await outcome(other) is None
        assert clock_of(opener).slept == [5.0]
        assert not layers(one)[0].is_open


async def test_a_query_by_post_is_a_read_and_an_empty_answer_is_asked_for_again() -> None:
    answers = ["{}"] * 10 + ["", '{"result":[', '{"result":[]}']

    def in_turn(request: web.BaseRequest) -> web.Response:
        return web.Response(text=answers.pop(0))

    async with source(in_turn) as (opener, upstream, url):
        client = opener(url)
        for _ in range(10):
            await client.send(READ)
        response = await client.send(post("/query", {}))

    assert response.body == b'{"result":[]}'
    assert upstream.asked[10:] == ["/query"] * 3


# secrets


def secrets_of(settings: SourceSettings) -> list[str]:
    texts = [value.reveal() for value in asdict(settings).values() if isinstance(value, Secret)]
    return [*texts, *(b64encode(text.encode()).decode() for text in texts)]


def with_canaries(settings: SourceSettings, url: str) -> SourceSettings:
    """All addresses lead to our server, and every secret is one that is known."""
    changed: dict[str, Any] = {}
    for name, value in asdict(settings).items():
        if isinstance(value, Secret) and not value.reveal().startswith("{"):
            changed[name] = Secret(f"{CANARY.reveal()}-{name}")
        if isinstance(value, str) and name.endswith("_url"):
            changed[name] = url
    return replace(settings, **changed)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("door", DOORS)
async def test_a_provider_that_repeats_its_credentials_does_not_spread_them(door: str, form: str, status: int) -> None:
    """Headers, parameters and bodies as they came, in an error's text or its JSON, and in a header of its own."""
    provider = find_providers()[door.split("/", maxsplit=1)[0]]

    async def repeat(request: web.BaseRequest) -> web.Response:
        said = f"{dict(request.headers)} {request.query_string} {(await request.read()).decode()}".replace("\n", " ")
        text = said if form == "text" else json.dumps({"message": said})
        return web.Response(status=status, text=text, headers={"Warning": said[:4000]})

    async with serving(repeat) as url:
        settings = with_canaries(settings_of(door), url)
        clock = FakeClock()
        opener = LayeredClients("source-1", settings, FAST, 8, clock, clock.sleep)
        connector = provider.connect("source-1", settings, opener)
        partition = "w" if connector.capabilities.partitioned else WHOLE_SOURCE
        told: list[str] = []
        with capture_logs() as logs:
            for ask in (connector.workflows, lambda: connector.list_executions(partition, ExecutionQuery(), None)):
                try:
                    await ask()
                except ConnectorError as error:
                    told.append(f"{error} {error!r} {error.as_data()} {error.__cause__!r}")
        await opener.aclose()

    assert logs
    for secret in secrets_of(settings):
        assert secret not in repr(logs) and secret not in repr(told)
    assert CANARY.reveal() not in repr(logs) + repr(told)


async def test_one_source_that_hangs_delays_no_other() -> None:
    """Each has connections of its own."""
    over = asyncio.Event()

    async def hang(request: web.BaseRequest) -> web.Response:
        await over.wait()
        return web.Response()

    async with serving(hang) as slow_url, source(always(200)) as (healthy, _, url):
        hung = LayeredClients("hung", SETTINGS, FAST, 2)
        client = hung(slow_url)
        waiting = [asyncio.create_task(client.send(READ)) for _ in range(50)]
        assert [await outcome(healthy(url)) for _ in range(10)] == [None] * 10
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert not layers(client)[0].is_open
        over.set()
        await hung.aclose()
