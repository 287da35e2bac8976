"""Faults of pages: a limit that is ignored, pages that come again, pages without an end."""

from itertools import chain
from typing import Any

import pytest

from sandbox import PROVIDERS
from sandbox.stamps import instant
from tests.sandbox.fault_asking import IDS, asking_all, listing, rows_of
from tests.sandbox.sandbox_asking import Ask, some_run

MANY = [some_run(f"m{number:03d}", ago=300 - number) for number in range(230)]
LIMIT = {"boomi": 100, "yandex": 50, "arcee": 50, "informer": 50, "sailpoint": 50}
STARTED = {"boomi": "executionTime", "yandex": "startedAt", "arcee": "start_time", "informer": "createdAt"}


async def walk(ask: Ask, provider: str, pages: int) -> list[list[Any]]:
    """So many pages, by the provider's own way of continuing; fewer when it says that there are no more."""
    found: list[list[Any]] = []
    paging: dict[str, Any] = {}
    while len(found) < pages:
        match provider:
            case "yandex":
                paging["pageSize"] = LIMIT[provider]
            case "arcee" | "sailpoint":
                paging |= {"limit": LIMIT[provider], "offset": sum(map(len, found))}
            case "informer":
                paging |= {"limit": LIMIT[provider], "start": sum(map(len, found))}
        body = (await listing(ask, provider, **paging)).json
        found.append([row[IDS[provider]] for row in rows_of(body)])
        if provider == "boomi":
            paging["token"] = body.get("queryToken", "")
        elif provider == "yandex":
            paging["pageToken"] = body.get("nextPageToken", "")
        is_over = len(found[-1]) < LIMIT[provider]
        if provider in ("boomi", "yandex"):
            is_over = not paging.get("token") and not paging.get("pageToken")
        elif provider == "informer":
            is_over = sum(map(len, found)) >= body["total"]
        if is_over:
            break
    return found


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_huge_page_holds_the_whole_list(provider: str) -> None:
    async with asking_all(provider, runs=MANY) as ask:
        healthy = await walk(ask, provider, 9)
        active = await ask.sandbox.fault(provider, "huge-page")
        (page,) = await walk(ask, provider, 1)
        assert active.hits == 1
        assert sorted(page) == sorted(chain(*healthy))
        assert len(page) == 230


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_pages_loop(provider: str) -> None:
    """For ever, unless a total tells the client where to stop: it has seen enough rows by then, if not all of them."""
    pages = 5 if provider == "informer" else 12
    async with asking_all(provider, runs=MANY) as ask:
        (first, *_) = await walk(ask, provider, 1)
        active = await ask.sandbox.fault(provider, "page-loops")
        assert await walk(ask, provider, 12) == [first] * pages
        assert active.hits == pages - 1


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("runs", [MANY, MANY[:200], MANY[:3]])
async def test_pages_never_end(provider: str, runs: Any) -> None:
    """The true list first, then records of which no id comes twice."""
    async with asking_all(provider, runs=runs) as ask:
        healthy = list(chain(*await walk(ask, provider, 9)))
        active = await ask.sandbox.fault(provider, "pages-never-end")
        pages = await walk(ask, provider, 12)
        ids = list(chain(*pages))
        assert len(pages) == 12
        assert all(pages)
        assert ids[: len(healthy)] == healthy
        assert len(set(ids)) == len(ids)
        assert active.hits > 0


@pytest.mark.parametrize("provider", STARTED)
async def test_what_is_made_up_is_older_than_what_is_true(provider: str) -> None:
    async with asking_all(provider, runs=MANY[:3]) as ask:
        await ask.sandbox.fault(provider, "pages-never-end")
        body = (await listing(ask, provider)).json
        rows = rows_of(body)
        if token := body.get("queryToken") if isinstance(body, dict) else None:
            rows += rows_of((await listing(ask, provider, token=token)).json)
        elif isinstance(body, dict) and (token := body.get("nextPageToken")):
            rows += rows_of((await listing(ask, provider, pageToken=token)).json)
        started = [instant(row[STARTED[provider]]) for row in rows]
        assert len(started) > 3
        assert started == sorted(started, reverse=True)
