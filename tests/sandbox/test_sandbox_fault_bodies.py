"""Faults of the body: as bytes, and as one record among others that stay readable."""

import gzip
import json
import re
import zlib
from typing import Any

import msgspec
import pytest

from sandbox import PROVIDERS, Call
from tests.sandbox.fault_asking import IDS, asking_all, listing, rows_of
from tests.sandbox.sandbox_asking import Ask


async def spoiled(ask: Ask, provider: str, name: str, **parameters: Any) -> tuple[bytes, bytes]:
    """The body of a list, healthy and with a fault, as it is on the wire."""
    await listing(ask, provider)
    ask.session._auto_decompress = False
    whole = await on_the_wire(ask, ask.sandbox.calls[-1])
    await ask.sandbox.fault(provider, name, **parameters)
    return whole, await on_the_wire(ask, ask.sandbox.calls[-1])


async def on_the_wire(ask: Ask, call: Call) -> bytes:
    """The answer to a call that is made again."""
    headers = {name: call.headers[name] for name in ("authorization", "accept", "content-type") if name in call.headers}
    url = ask.sandbox.url(call.provider) + call.path
    async with ask.session.request(
        call.method, url, params=call.query, data=call.body or None, headers=headers
    ) as response:
        assert response.status == 200
        return await response.read()


BYTES: dict[str, Any] = {
    "empty-200": lambda body: b"",
    "truncated-json": lambda body: body[: len(body) // 2],
    "trailing-garbage": lambda body: body + b"\n]} debug: 0.31 s",
    "bom": lambda body: b"\xef\xbb\xbf" + body,
    "utf-16": lambda body: body.decode().encode("utf-16"),
}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", BYTES)
async def test_bytes_are_changed_as_told(name: str, provider: str) -> None:
    async with asking_all(provider) as ask:
        whole, found = await spoiled(ask, provider, name)
        assert found == BYTES[name](whole)
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(found)


async def test_a_login_page_is_html_with_a_good_status() -> None:
    async with asking_all("informer") as ask:
        await ask.sandbox.fault("informer", "login-page")
        reply = await listing(ask, "informer")
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert reply.text.startswith("<!DOCTYPE html>")


async def test_no_content_is_none() -> None:
    async with asking_all("yandex") as ask:
        await ask.sandbox.fault("yandex", "204")
        reply = await listing(ask, "yandex")
        assert (reply.status, reply.text) == (204, "")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_bomb_is_the_true_answer_after_a_thousand_times_its_size(provider: str) -> None:
    async with asking_all(provider) as ask:
        whole, found = await spoiled(ask, provider, "gzip-bomb", megabytes=20)
        unpacked = gzip.decompress(found)
        assert len(unpacked) == 20 * 2**20 + len(whole)
        assert unpacked.lstrip() == whole
        assert len(found) < len(unpacked) / 500


async def test_a_gzip_file_is_cut() -> None:
    async with asking_all("arcee") as ask:
        whole, found = await spoiled(ask, "arcee", "gzip-truncated")
        unpacker = zlib.decompressobj(31)
        part = unpacker.decompress(found)
        assert whole.startswith(part)
        assert not unpacker.eof


async def test_an_endless_body_goes_on_until_the_client_leaves() -> None:
    async with asking_all("arcee") as ask:
        active = await ask.sandbox.fault("arcee", "endless-body")
        headers = {"Authorization": f"Bearer {ask.sandbox.sources['llm']['api_token']}"}
        async with ask.session.get(f"{ask.sandbox.sources['llm']['base_url']}/workflows", headers=headers) as response:
            assert len(await response.content.readexactly(5_000_000)) == 5_000_000
        await active.idle()


# one record


SYNTAX = {
    "bad-utf8": rb"\xff\xfe",
    "lone-surrogate": rb"\\ud83d",
    "nan": rb":NaN\b",
    "huge-int": rb":9{5000}\b",
    "deep-nesting": rb"\[{100000}\]{100000}",
    "duplicate-keys": rb'"status":"DUPLICATE"|"success":false(?=,.*"success":true)',
}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", SYNTAX)
async def test_the_syntax_of_one_record_is_broken(name: str, provider: str) -> None:
    """Without what was put in, the page is JSON; the other records are as they were."""
    async with asking_all(provider) as ask:
        whole, found = await spoiled(ask, provider, name)
        (lost,) = ask.sandbox.faults[provider].spoiled

        assert len(re.findall(SYNTAX[name], found)) == 1
        mended = re.sub(
            SYNTAX[name], lambda match: {b":": b":0", b"[": b"0", b'"': b'"a":0'}.get(match[0][:1], b""), found
        )
        before, after = rows_of(json.loads(whole)), rows_of(json.loads(mended))
        others = [row for row in before if row[IDS[provider]] != lost]
        assert [row for row in after if row[IDS[provider]] != lost] == others
        assert len(before) == len(after) == 5


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", ["wrong-types", "missing-required", "unknown-enum"])
async def test_the_sense_of_one_record_is_lost(name: str, provider: str) -> None:
    async with asking_all(provider) as ask:
        whole, found = await spoiled(ask, provider, name)
        (lost,) = ask.sandbox.faults[provider].spoiled

        changed = [
            (before, after)
            for before, after in zip(rows_of(json.loads(whole)), rows_of(json.loads(found)), strict=True)
            if before != after
        ]
        assert [before[IDS[provider]] for before, _ in changed] == [lost]
        ((before, after),) = changed
        if name == "wrong-types":
            assert after[IDS[provider]] == lost
            assert all(type(after[key]) is not type(before[key]) for key in before if key != IDS[provider])
        elif name == "missing-required":
            assert before == after | {IDS[provider]: lost}
        elif provider != "informer":
            assert after == before | {"status": "UNHEARD_OF"}
        else:
            assert after["success"] is None


async def test_the_same_record_is_spoiled_wherever_it_comes() -> None:
    """The record in the middle of the first page; nothing on the pages without it."""
    async with asking_all("arcee") as ask:
        active = await ask.sandbox.fault("arcee", "wrong-types")
        await listing(ask, "arcee", limit=3)
        pages = [(await listing(ask, "arcee", limit=1, offset=offset)).json for offset in range(5)]
        assert active.spoiled == ["r3"]
        assert [isinstance(page[0]["status"], str) for page in pages] == [True, False, True, True, True]
        assert (active.hits, active.calls) == (2, 6)


async def test_the_record_may_be_named_and_met_by_itself() -> None:
    async with asking_all("yandex", "informer") as ask:
        active = await ask.sandbox.fault("yandex", "missing-required", record="r0", field="status", of="execution")
        assert "status" not in (await ask.yandex("/execution/r0")).json["execution"]
        assert "status" in (await ask.yandex("/execution/r1")).json["execution"]
        assert active.spoiled == ["r0"]
        await ask.sandbox.fault("informer", "wrong-types", only="/history/")
        assert (await ask.informer("/api/jobs/w/history/r2")).json["success"] == "perhaps"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_fields_nobody_knows_change_nothing_else(provider: str) -> None:
    async with asking_all(provider) as ask:
        whole, found = await spoiled(ask, provider, "extra-fields")
        before, after = rows_of(json.loads(whole)), rows_of(json.loads(found))
        assert [{key: row[key] for key in old} for old, row in zip(before, after, strict=True)] == before
        assert all("aNewField" in row for row in after)


async def test_answers_without_records_are_left_alone() -> None:
    async with asking_all(runs=[]) as ask:
        for provider in PROVIDERS:
            active = await ask.sandbox.fault(provider, "wrong-types")
            assert (await listing(ask, provider)).status == 200
            assert (active.calls, active.hits) == (1, 0)


async def test_records_of_boomis_graphql_too() -> None:
    async with asking_all("boomi") as ask:
        active = await ask.sandbox.fault("boomi", "wrong-types")
        wanted = '{processId: "w", executionTime: "2026-01-01T00:00:00Z", status: COMPLETE}'
        reply = await ask.spaces(f"{{ executionHistory(input: {wanted}) {{ executionId status }} }}")
        rows = reply.json["data"]["executionHistory"]
        assert [row["executionId"] for row in rows if not isinstance(row["status"], str)] == active.spoiled
        assert (len(rows), active.hits) == (5, 1)
