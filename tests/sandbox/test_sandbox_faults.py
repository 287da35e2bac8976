"""Faults to order: each is what it claims to be, hits the calls it is meant for, and is gone once healed."""

import asyncio
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from sandbox import FAULTS, PROVIDERS, FaultError
from sandbox.faults import Kind
from tests.sandbox.fault_asking import IDS, asking_all, held, listing, rows_of

PORT_FAULTS = {"refuse", "swallow", "tls-wrong-name", "tls-unknown-ca", "plain-on-tls"}
HOLDING = {"hang", "half-open"}

QUICK: dict[str, dict[str, Any]] = {
    "slow-headers": {"seconds": 0},
    "slow-drip": {"seconds": 0, "size": 64},
    "gzip-bomb": {"megabytes": 3},
    "token-expired": {"after": 0},
}
BROKEN = (aiohttp.ClientError, OSError, UnicodeDecodeError)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", sorted(FAULTS.keys() - PORT_FAULTS))
async def test_a_fault_hits_any_provider_and_healing_brings_back_what_was(name: str, provider: str) -> None:
    async with asking_all(provider) as ask:
        healthy = (await listing(ask, provider)).text
        active = await ask.sandbox.fault(provider, name, **QUICK.get(name, {}))
        assert ask.sandbox.faults[provider] is active

        if name in HOLDING | {"endless-body"}:
            task = await held(ask, provider)
            assert active.held == 1
            await ask.sandbox.heal(provider)
            with pytest.raises(aiohttp.ClientError):
                await task
        elif name in ("page-loops", "huge-page"):
            await listing(ask, provider)  # on pages that follow: see the tests of paging
        else:
            with suppress(*BROKEN):
                await listing(ask, provider)
            assert active.hits == 1
        await ask.sandbox.heal(provider)
        ask.tokens.clear()

        assert ask.sandbox.faults == {}
        again = await listing(ask, provider)
        assert (again.status, again.text) == (200, healthy)


@pytest.mark.parametrize("name", ["refuse", "hang", "500", "wrong-types"])
async def test_the_other_providers_do_not_notice(name: str) -> None:
    async with asking_all() as ask:
        others = [provider for provider in PROVIDERS if provider != "yandex"]
        before = [(await listing(ask, provider)).text for provider in others]
        await ask.sandbox.fault("yandex", name)
        assert [(await listing(ask, provider)).text for provider in others] == before


async def test_a_fault_takes_the_place_of_another() -> None:
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "refuse")
        await ask.sandbox.fault("arcee", "503")
        assert (await listing(ask, "arcee")).status == 503
        await ask.sandbox.fault("arcee", "404")
        assert (await listing(ask, "arcee")).status == 404


async def test_a_fault_outlives_a_stop_and_closing_ends_what_hangs() -> None:
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "hang")
        first = await held(ask, "arcee")
        await ask.sandbox.stop("arcee")
        with pytest.raises(aiohttp.ClientError):
            await first
        await ask.sandbox.start("arcee")
        second = await held(ask, "arcee")
    with pytest.raises(aiohttp.ClientError):
        await second


async def test_a_client_that_leaves_is_noticed() -> None:
    async with asking_all("informer") as ask:
        active = await ask.sandbox.fault("informer", "hang")
        tasks = [asyncio.create_task(listing(ask, "informer")) for _ in range(20)]
        await active.struck(20)
        for task in tasks:
            task.cancel()
        await active.idle()

        assert active.held == 0
        assert [call.status for call in ask.sandbox.calls] == [0] * 20
        assert ask.sandbox.connections["informer"] == 20


SCOPES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [500] * 6),
    ({"every": 2}, [200, 500, 200, 500, 200, 500]),
    ({"since": 3}, [200, 200, 500, 500, 500, 500]),
    ({"first": 2}, [500, 500, 200, 200, 200, 200]),
    ({"since": 2, "every": 2, "first": 2}, [200, 200, 500, 200, 500, 200]),
    ({"only": "/steps"}, [200] * 6),
    ({"only": "/runs"}, [500] * 6),
    ({"of": "steps+workflows"}, [200] * 6),
]


@pytest.mark.parametrize(("scope", "expected"), SCOPES)
async def test_a_scope_says_which_calls_are_hit(scope: dict[str, Any], expected: list[int]) -> None:
    async with asking_all("arcee") as ask:
        active = await ask.sandbox.fault("arcee", "500", **scope)
        assert [(await listing(ask, "arcee")).status for _ in range(6)] == expected
        assert active.hits == expected.count(500)


async def test_tokens_are_spared_unless_named() -> None:
    async with asking_all("sailpoint") as ask:
        await ask.sandbox.fault("sailpoint", "500")
        assert (await ask.sailpoint_token()).status == 200
        await ask.sandbox.fault("sailpoint", "500", of="tokens")
        assert (await ask.sailpoint_token()).status == 500
        await ask.sandbox.fault("sailpoint", "500", of="all")
        assert (await ask.sailpoint_token()).status == 500


async def test_orders_that_cannot_be_carried_out_are_refused() -> None:
    async with asking_all("arcee") as ask:
        for provider, name in [("arcee", "tls-wrong-name"), ("boomi", "hang"), ("arcee", "nothing")]:
            with pytest.raises(FaultError):
                await ask.sandbox.fault(provider, name)
        assert (await listing(ask, "arcee")).status == 200


def test_every_kind_has_its_faults() -> None:
    assert {fault.kind for fault in FAULTS.values()} == set(Kind)
    assert {name for name, fault in FAULTS.items() if fault.needs_https} == PORT_FAULTS - {"refuse", "swallow"}
    assert all(fault.description.endswith(".") for fault in FAULTS.values())


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_runs_keep_their_order_for_the_tests(provider: str) -> None:
    async with asking_all(provider) as ask:
        assert len({row[IDS[provider]] for row in rows_of((await listing(ask, provider)).json)}) == 5
