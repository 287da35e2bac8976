"""Faults that are told by a status, in the providers' own words."""

from email.utils import parsedate_to_datetime

import pytest

from sandbox import PROVIDERS
from tests.sandbox.fault_asking import asking_all, listing


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_statuses_come_in_the_providers_own_words(provider: str) -> None:
    """The same body as the provider's own 401, for one."""
    async with asking_all(provider) as ask:
        await listing(ask, provider)
        wrong = {"Authorization": "Bearer wrong", "Accept": "application/json"}
        path = ask.sandbox.calls[-1].path
        method = ask.sandbox.calls[-1].method
        own = await ask(method, provider, path, headers=wrong)
        await ask.sandbox.fault(provider, "401")
        told = await listing(ask, provider)

        assert (told.status, own.status) == (401, 401)
        if provider == "yandex":  # each has a request id
            assert {**told.json, "details": []} == {**own.json, "details": []}
        else:
            assert told.text == own.text
        for status in (400, 403, 404, 500, 502, 503, 504):
            await ask.sandbox.fault(provider, str(status))
            reply = await listing(ask, provider)
            assert (reply.status, isinstance(reply.json, dict)) == (status, True)


async def test_a_burst_is_over_after_some_calls() -> None:
    async with asking_all("yandex") as ask:
        await ask.sandbox.fault("yandex", "burst-of-500", first=2)
        assert [(await listing(ask, "yandex")).status for _ in range(4)] == [500, 500, 200, 200]


async def test_throttling_says_for_how_long() -> None:
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "429-seconds", seconds=7)
        reply = await listing(ask, "arcee")
        assert (reply.status, reply.headers["Retry-After"]) == (429, "7")


async def test_throttling_until_a_date_by_a_clock_that_is_wrong() -> None:
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "429-date", seconds=7, skew=-600)
        reply = await listing(ask, "arcee")
        now, until = (parsedate_to_datetime(reply.headers[name]) for name in ("Date", "Retry-After"))
        assert reply.status == 429
        assert (until - now).total_seconds() == 7
        assert now.timestamp() == ask.clocks.wall - 600


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_tokens_expire_in_the_middle_of_a_scan(provider: str) -> None:
    """A new token is good; one that cannot be renewed is refused once."""
    async with asking_all(provider) as ask:
        active = await ask.sandbox.fault(provider, "token-expired", after=2)
        statuses = [(await listing(ask, provider)).status for _ in range(3)]
        ask.tokens.clear()
        statuses += [(await listing(ask, provider)).status for _ in range(2)]
        assert statuses == [200, 200, 401, 200, 200]
        assert active.hits == 1


@pytest.mark.parametrize("provider", ["yandex", "sailpoint"])
async def test_an_expired_token_stays_so(provider: str) -> None:
    async with asking_all(provider) as ask:
        await ask.sandbox.fault(provider, "token-expired")
        assert [(await listing(ask, provider)).status for _ in range(3)] == [200, 401, 401]


async def test_who_follows_a_redirect_is_recorded_with_what_it_brought() -> None:
    async with asking_all("informer") as ask:
        active = await ask.sandbox.fault("informer", "redirect-302")
        async with ask.session.get(ask.sandbox.url("informer") + "/api/jobs", allow_redirects=False) as reply:
            assert reply.status == 302
            assert reply.headers["Location"].startswith("http://localhost:")
        assert active.followed == []
        assert (await listing(ask, "informer")).json == []
        assert [call.path for call in active.followed] == ["/api/jobs/w/history"]
        assert "authorization" not in active.followed[0].headers  # the library takes it off for another host
