"""Credentials: fixed ones, tokens that are shared and renewed, and texts that show themselves to nobody."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import structlog
from multidict import CIMultiDict
from structlog.testing import capture_logs

from connectors.errors import RefusedError, UnreachableError
from connectors.http.auth import Authorized, Fixed, Renewed, Secret, Token, basic, bearer
from connectors.http.client import Request, Response
from connectors.registry import find_providers
from tests.connectors.replay import Replay, answer

REQUEST = Request(path="/runs")


@dataclass
class Exchange:
    """Gives t1, t2, … and counts; waits at the gate if there is one."""

    lives: float = 600.0
    gate: asyncio.Event | None = None
    calls: int = 0
    failing: list[Exception] = field(default_factory=list)

    async def __call__(self) -> Token:
        self.calls += 1
        given = f"t{self.calls}"
        if self.gate is not None:
            await self.gate.wait()
        if self.failing:
            raise self.failing.pop()
        return Token(Secret(given), self.lives)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


async def header(renewed: Renewed) -> str:
    return (await renewed.headers())["Authorization"]


# fixed


async def test_a_basic_pair_is_base64_of_utf8() -> None:
    credentials = basic("BOOMI_TOKEN.ops@example.com", Secret("pä:ss"))
    assert await credentials.headers() == {"Authorization": "Basic Qk9PTUlfVE9LRU4ub3BzQGV4YW1wbGUuY29tOnDDpDpzcw=="}
    assert credentials.refused({}) is False


async def test_a_bearer_token_goes_into_the_header_that_is_named() -> None:
    assert await bearer(Secret("t")).headers() == {"Authorization": "Bearer t"}
    assert await bearer(Secret("t"), "Authentication").headers() == {"Authentication": "Bearer t"}


async def test_fixed_credentials_are_sent_once_however_often_they_are_refused() -> None:
    http = Replay(answer({}, 401))

    response = await Authorized(http, bearer(Secret("t"))).send(REQUEST)

    assert response.status == 401
    assert http.request.headers == (*REQUEST.headers, ("Authorization", "Bearer t"))


# renewed


async def test_many_callers_at_once_wait_for_one_exchange() -> None:
    exchange = Exchange(gate=asyncio.Event())
    renewed = Renewed(exchange)
    callers = [asyncio.create_task(header(renewed)) for _ in range(20)]
    await asyncio.sleep(0)  # let them all come to the gate
    assert exchange.gate is not None
    exchange.gate.set()

    assert set(await asyncio.gather(*callers)) == {"Bearer t1"}
    assert exchange.calls == 1


@pytest.mark.parametrize(
    ("lives", "margin", "is_kept_at", "is_renewed_at"),
    [
        (749.0, 60.0, 688.9, 689.0),
        (300.0, 60.0, 239.9, 240.0),
        (100.0, 60.0, 49.9, 50.0),  # a short life: at half of it
        (3600.0, 60.0, 3539.9, 3540.0),
    ],
)
async def test_a_token_is_renewed_before_its_end(
    lives: float, margin: float, is_kept_at: float, is_renewed_at: float
) -> None:
    clock, exchange = Clock(), Exchange(lives=lives)
    renewed = Renewed(exchange, margin=margin, clock=clock)
    assert await header(renewed) == "Bearer t1"

    clock.now = 1000.0 + is_kept_at
    assert await header(renewed) == "Bearer t1"
    clock.now = 1000.0 + is_renewed_at
    assert await header(renewed) == "Bearer t2"


async def test_further_headers_go_with_the_token() -> None:
    renewed = Renewed(Exchange(), further={"SPACE_GUID": "space-1"})
    assert await renewed.headers() == {"Authorization": "Bearer t1", "SPACE_GUID": "space-1"}


async def test_a_token_that_is_refused_is_exchanged_once() -> None:
    exchange = Exchange()
    http = Replay(answer({}, 401), answer({"ok": True}))

    response = await Authorized(http, Renewed(exchange)).send(REQUEST)

    assert response.status == 200
    assert [dict(request.headers)["Authorization"] for request in http.requests] == ["Bearer t1", "Bearer t2"]
    assert exchange.calls == 2


async def test_a_second_refusal_is_the_answer() -> None:
    exchange = Exchange()
    http = Replay(lambda _: answer({}, 401))

    response = await Authorized(http, Renewed(exchange)).send(REQUEST)

    assert response.status == 401
    assert (len(http.requests), exchange.calls) == (2, 2)


@pytest.mark.parametrize("status", [200, 400, 403, 404, 429, 500])
async def test_no_other_status_is_a_refusal(status: int) -> None:
    exchange = Exchange()
    http = Replay(answer({}, status))

    assert (await Authorized(http, Renewed(exchange)).send(REQUEST)).status == status
    assert (len(http.requests), exchange.calls) == (1, 1)


async def test_a_newer_token_is_not_thrown_away_by_a_late_refusal_of_the_old_one() -> None:
    exchange = Exchange()
    renewed = Renewed(exchange)
    old = await renewed.headers()
    assert renewed.refused(old) is True
    assert await header(renewed) == "Bearer t2"

    assert renewed.refused(old) is True, "another one can be had: the newer"

    assert await header(renewed) == "Bearer t2"
    assert exchange.calls == 2


async def test_many_refusals_at_once_cost_one_exchange() -> None:
    exchange = Exchange()

    def rule(request: Request) -> Any:
        return answer({}, 401 if dict(request.headers)["Authorization"] == "Bearer t1" else 200)

    client = Authorized(Replay(rule), Renewed(exchange))

    responses = await asyncio.gather(*(client.send(REQUEST) for _ in range(10)))

    assert {response.status for response in responses} == {200}
    assert exchange.calls == 2


async def test_an_exchange_that_fails_is_tried_again_by_the_next_caller() -> None:
    exchange = Exchange(failing=[UnreachableError("down")])
    renewed = Renewed(exchange)

    with pytest.raises(UnreachableError):
        await renewed.headers()

    assert await header(renewed) == "Bearer t2"


async def test_a_caller_who_gives_up_leaves_the_exchange_to_the_next() -> None:
    exchange = Exchange(gate=asyncio.Event())
    renewed = Renewed(exchange)
    first, second = asyncio.create_task(header(renewed)), asyncio.create_task(header(renewed))
    await asyncio.sleep(0)
    first.cancel()
    assert exchange.gate is not None
    exchange.gate.set()

    assert await second == "Bearer t2"
    assert first.cancelled()


# secrets

HIDDEN = "hunter2-hunter2"
SECRET = Secret(HIDDEN)


async def _renewed_once() -> Renewed:
    renewed = Renewed(Exchange())
    await renewed.headers()
    return renewed


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{!r}".format,
        "{!s:>40}".format,
        lambda secret: f"{secret}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
        lambda secret: repr([secret, {"a": secret}]),
        lambda secret: repr(Token(secret, 1.0)),
        lambda secret: repr(Fixed("Authorization", secret)),
        lambda secret: repr(bearer(secret)),
        lambda secret: repr(basic("user", secret)),
        lambda secret: repr(Authorized(Replay(), bearer(secret))),
        lambda secret: str(RefusedError(f"not accepted: {secret}")),
        lambda secret: json.dumps({"secret": secret}, default=str),
        lambda secret: repr(msgspec.to_builtins({"a": secret}, enc_hook=str)),
    ],
)
def test_a_secret_does_not_show_itself(show: Callable[[Secret], str]) -> None:
    shown = show(SECRET)
    assert HIDDEN not in shown
    assert "aHVudGVyMi" not in shown, "nor in base64"


@pytest.mark.parametrize("encode", [msgspec.json.encode, msgspec.msgpack.encode, json.dumps])
def test_a_secret_cannot_be_encoded(encode: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as caught:
        encode({"secret": SECRET})
    assert HIDDEN not in str(caught.value)


def test_a_secret_does_not_reach_a_log() -> None:
    with capture_logs() as logs:
        structlog.get_logger().info("connecting", token=SECRET)
    assert HIDDEN not in repr(logs)


async def test_a_token_that_was_fetched_does_not_show_itself_either() -> None:
    assert "t1" not in repr(await _renewed_once())


@pytest.mark.parametrize("provider", find_providers().values(), ids=find_providers())
def test_settings_do_not_show_their_secrets(provider: Any) -> None:
    given: dict[str, Any] = {
        field.name: SECRET if "Secret" in str(field.type) else "x"
        for field in msgspec.structs.fields(provider.settings)
        if field.required or "Secret" in str(field.type)
    }
    assert HIDDEN not in repr(provider.settings(**given))


def test_the_only_way_to_the_text_is_to_ask_for_it() -> None:
    assert SECRET.reveal() == HIDDEN
    assert not hasattr(SECRET, "__dict__")


# refused again and again


async def test_new_tokens_that_are_refused_as_well_are_not_fetched_for_each_call() -> None:
    clock, exchange = Clock(), Exchange()
    http = Replay(lambda _: answer({}, 401))
    client = Authorized(http, Renewed(exchange, clock=clock))
    for _ in range(20):
        await client.send(REQUEST)
    assert (len(http.requests), exchange.calls) == (21, 2)

    clock.now += 10.0
    await client.send(REQUEST)
    assert (len(http.requests), exchange.calls) == (23, 3)


# providers that repeat what they were sent


async def test_an_answer_does_not_hold_what_it_was_asked_with() -> None:
    def repeat(request: Request) -> Any:
        token = dict(request.headers)["Authorization"]
        return answer({"message": f"{token} is not accepted, nor {HIDDEN}"}, 403, {"warning": f'299 - "{token}"'})

    response = await Authorized(Replay(repeat), bearer(Secret("token-token-token")), (SECRET,)).send(REQUEST)

    assert response.body == b'{"message": "Bearer [hidden] is not accepted, nor [hidden]"}'
    assert response.headers == {"warning": '299 - "Bearer [hidden]"'}


async def test_headers_are_found_by_their_names_in_lower_case_be_a_token_taken_out_or_not() -> None:
    as_sent = CIMultiDict({"X-Reference": "r", "Warning": '299 - "token-token-token"'})
    given = Response(status=403, headers=as_sent, body=b"{}")

    for told, secret in ((given.headers["warning"], "another-token"), ('299 - "[hidden]"', "token-token-token")):
        response = await Authorized(Replay(given), bearer(Secret(secret))).send(REQUEST)
        assert (response.headers["x-reference"], response.headers["warning"]) == ("r", told)


async def test_nor_does_one_that_tells_of_a_fetched_token() -> None:
    async def fetch() -> Token:
        return Token(Secret("fetched-token"), 600)

    response = await Authorized(Replay(answer({"token": "fetched-token"})), Renewed(fetch)).send(REQUEST)

    assert response.body == b'{"token": "[hidden]"}'


async def test_nor_does_one_that_tells_of_the_token_that_took_its_place() -> None:
    tokens = iter([Token(Secret("first-token"), 600), Token(Secret("second-token"), 600)])

    async def fetch() -> Token:
        return next(tokens)

    told = answer({"token": "second-token"})
    client = Authorized(Replay(answer({}), answer({}, 401), told), Renewed(fetch))
    assert (await client.send(REQUEST)).body == b"{}"

    assert (await client.send(REQUEST)).body == b'{"token": "[hidden]"}'


async def test_an_exchange_may_tell_a_token_and_no_more() -> None:
    given = answer({"access_token": "fetched-token", "client_secret": HIDDEN})

    response = await Authorized(Replay(given), None, (SECRET,)).send(REQUEST)

    assert response.body == b'{"access_token": "fetched-token", "client_secret": "[hidden]"}'


async def test_short_words_stay() -> None:
    """A token of a few letters is no secret, and taking it out would spoil what else holds them."""
    given = answer({"runs": "t"})
    assert await Authorized(Replay(given), bearer(Secret("t")), (Secret("runs"),)).send(REQUEST) is given
