"""Faults of the connection, as a client sees them that knows no HTTP."""

import asyncio
import socket
from contextlib import suppress

import aiohttp
import pytest

from tests.sandbox.fault_asking import asking_all, listing
from tests.sandbox.sandbox_asking import Ask


async def raw(ask: Ask, *, until: bytes = b"") -> tuple[bytes, type[Exception] | None]:
    """What a client gets that knows no HTTP, to its end or to a text; and the error that ended it."""
    url = ask.sandbox.url("arcee").removeprefix("http://")
    host, _, port = url.partition(":")
    token = ask.sandbox.sources["llm"]["api_token"]
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"GET /api/v1/workflow/workflows/w/runs HTTP/1.1\r\nHost: {url}\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(request.encode())
    got, error = b"", None
    try:
        while (part := await reader.read(1024)) and not (until and until in got + part):
            got += part
        got += part
    except ConnectionResetError as reset:
        error = type(reset)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return got, error


def parts(got: bytes) -> tuple[bytes, bytes]:
    head, _, body = got.partition(b"\r\n\r\n")
    return head, body


def length(head: bytes) -> int:
    return next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))


async def test_refused_connections_leave_the_port_ours() -> None:
    async with asking_all("arcee") as ask:
        url = ask.sandbox.url("arcee")
        await ask.sandbox.fault("arcee", "refuse")
        port = int(url.rpartition(":")[2])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with pytest.raises(OSError, match="in use"), socket.socket() as thief:
            thief.bind(("127.0.0.1", port))
        await ask.sandbox.heal("arcee")
        assert ask.sandbox.url("arcee") == url


async def test_a_port_that_swallows_leaves_clients_asking() -> None:
    """State 2 of a TCP connection is «SYN sent»."""
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "swallow")
        with socket.socket() as client:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", int(ask.sandbox.url("arcee").rpartition(":")[2])))
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == b"\2"
        await ask.sandbox.heal("arcee")
        assert (await listing(ask, "arcee")).status == 200


async def test_connections_that_exist_do_not_survive_a_closed_port() -> None:
    async with asking_all("arcee", keep_alive=True) as ask:
        await listing(ask, "arcee")
        await ask.sandbox.fault("arcee", "refuse")
        with pytest.raises((aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError)):
            await listing(ask, "arcee")


async def test_nothing_is_said_before_a_close() -> None:
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "close-before-answer")
        assert await raw(ask) == (b"", None)
        assert [call.status for call in ask.sandbox.calls] == [0]


async def test_a_reset_is_one_and_comes_inside_the_body() -> None:
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "reset-in-body")
        got, error = await raw(ask)
        head, body = parts(got)
        assert error is ConnectionResetError
        assert 0 < len(body) < length(head)


async def test_a_cut_is_a_plain_end_inside_the_body() -> None:
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "cut-in-body")
        got, error = await raw(ask)
        head, body = parts(got)
        assert error is None
        assert 0 < len(body) < length(head)


async def test_chunks_end_without_the_last_one() -> None:
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "chunked-cut")
        got, error = await raw(ask)
        head, body = parts(got)
        assert error is None
        assert b"chunked" in head.lower()
        assert body
        assert not body.endswith(b"0\r\n\r\n")


async def test_a_body_without_length_is_cut_and_nothing_tells_it() -> None:
    async with asking_all("arcee") as ask:
        whole = (await listing(ask, "arcee")).text
        await ask.sandbox.fault("arcee", "cut-without-length")
        head, body = parts((await raw(ask))[0])
        assert b"content-length" not in head.lower()
        assert body.decode() == whole[: len(whole) // 2]
        assert (await listing(ask, "arcee")).text == body.decode()


async def test_half_open_stops_inside_the_headers() -> None:
    async with asking_all("arcee") as ask:
        await ask.sandbox.fault("arcee", "half-open")
        got, _ = await raw(ask, until=b"Content-Le")
        assert got.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\n\r\n" not in got


@pytest.mark.parametrize("name", ["slow-headers", "slow-drip"])
async def test_what_is_slow_is_right_in_the_end(name: str) -> None:
    async with asking_all("arcee") as ask:
        whole = (await listing(ask, "arcee")).text
        await ask.sandbox.fault("arcee", name, seconds=0)
        assert (await listing(ask, "arcee")).text == whole


async def test_a_drip_waits_after_its_first_byte() -> None:
    """The second byte would come in an hour; the client has read the first, and leaves."""
    async with asking_all("arcee") as ask:
        active = await ask.sandbox.fault("arcee", "slow-drip", seconds=3600)
        got, _ = await raw(ask, until=b"\r\n\r\n[")
        assert parts(got)[1] == b"["
        await active.idle()
