"""What servers and networks do to an answer, over real sockets: what it is called, and that it costs neither memory
nor secrets."""

import asyncio
import gzip
import socket
import ssl
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from connectors.errors import (
    ConnectorError,
    OutOfTimeError,
    TimedOutError,
    UnreachableError,
    UnreadableError,
    UntrustedError,
)
from connectors.http.client import Request, Response, get
from connectors.http.transport import Connections, Transport
from tests.connectors.http.fakes import ending_at

CANARY = "canary-5f1d2c"
READ = Request(
    path=f"/runs/{CANARY}", params=(("key", CANARY),), headers=(("Authorization", f"Bearer {CANARY}"),), body=b"{}"
)
MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\n"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The base URL of a server that has its own idea of HTTP."""
    talks: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"{'https' if context else 'http'}://{host}:{port}"
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()


def writing(*parts: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return talk


async def what_comes(
    url: str, *, seconds: float = 8.0, max_body: int = MIB, ca: str | None = None, **bounds: Any
) -> Response:
    transport = Transport(url, timeout=seconds, max_body=max_body, ca_bundle=ca, **bounds)
    try:
        return await transport.send(READ)
    finally:
        await transport.aclose()


async def failing(
    url: str, kind: type[ConnectorError], *, seconds: float = 8.0, max_body: int = MIB, **bounds: Any
) -> str:
    """What is said of a call that fails, and that nothing sent is in it."""
    with pytest.raises(ConnectorError) as caught:
        await what_comes(url, seconds=seconds, max_body=max_body, **bounds)
    error = caught.value
    assert type(error) is kind
    assert CANARY not in f"{error} {error!r} {error.as_data()}"
    assert error.__suppress_context__ or error.__context__ is None, "a log of it would tell what the library says"
    return error.message


# broken off


def with_reset(*parts: bytes) -> Talk:
    """Writes, and then resets the connection instead of ending it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writing(*parts)(reader, writer)
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return talk


PACKED = gzip.compress(b'[{"id":"r1"}]' * 200)
GZIP = HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "talk",
    [
        writing(HEAD + b"Content-Length: 100\r\n\r\n[1,2"),
        writing(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n"),
        with_reset(HEAD + b"Content-Length: 100\r\n\r\n[1,2"),
        writing(GZIP + b"\r\n", PACKED[:-20]),
        writing(GZIP + b"\r\n", PACKED[:-1]),
        writing(GZIP + b"Content-Length: %d\r\n\r\n" % (len(PACKED) - 4) + PACKED[:-4]),
        writing(GZIP + b"\r\n", PACKED[:-8] + b"\1" * 8),
    ],
    ids=["length", "chunks", "reset", "gzip", "gzip without its last byte", "gzip of its length", "checksum"],
)
async def test_what_broke_off_is_no_answer(talk: Talk) -> None:
    async with talking(talk) as url:
        assert await failing(url, UnreachableError) == "the answer of 127.0.0.1 broke off"


@pytest.mark.parametrize(
    ("talk", "message"),
    [
        (writing(), "no connection to 127.0.0.1: it hung up"),
        (with_reset(), "no connection to 127.0.0.1: reset"),
    ],
    ids=["closed", "reset"],
)
async def test_no_answer_at_all(talk: Talk, message: str) -> None:
    async with talking(talk) as url:
        assert await failing(url, UnreachableError) == message


async def test_a_closed_port_and_an_unknown_name() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert await failing(url, UnreachableError) == "no connection to 127.0.0.1: refused"
    said = await failing("http://nowhere.invalid", UnreachableError)
    assert said == "no connection to nowhere.invalid: its name is not known"


# too much


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b"\0" * MIB) for _ in range(size // MIB)) + packer.flush()


@pytest.fixture
def memory() -> object:
    tracemalloc.start()
    yield None
    tracemalloc.stop()


@pytest.mark.usefixtures("memory")
async def test_a_gzip_bomb_is_left_when_it_is_too_large() -> None:
    """100 KB that unpack to 100 MiB: the bound holds piece by piece."""
    packed = bomb(100 * MIB)
    assert len(packed) < MIB
    async with talking(writing(GZIP + b"Content-Length: %d\r\n\r\n" % len(packed) + packed)) as url:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        assert await failing(url, UnreadableError, max_body=2 * MIB) == f"an answer of more than {2 * MIB} bytes"
        _, peak = tracemalloc.get_traced_memory()

    assert peak - before < 12 * MIB


@pytest.mark.parametrize(
    "head", [HEAD + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], ids=["plain", "chunks"]
)
@pytest.mark.usefixtures("memory")
async def test_a_body_without_end_is_left(head: bytes) -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head)
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n" if b"chunked" in head else b"x" * 0x10000)
            sent += 0x10000
            await writer.drain()

    async with talking(endless) as url:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        assert await failing(url, UnreadableError) == f"an answer of more than {MIB} bytes"
        _, peak = tracemalloc.get_traced_memory()

    assert peak - before < 12 * MIB
    assert sent < 64 * MIB


async def test_a_length_that_is_too_large_is_not_waited_for() -> None:
    async with talking(writing(HEAD + b"Content-Length: 9999999999\r\n\r\n")) as url:
        assert await failing(url, UnreadableError) == f"an answer of more than {MIB} bytes"


async def test_what_is_packed_has_the_bound_as_well() -> None:
    """Archives that unpack to little: each piece counts as it comes."""
    packed = gzip.compress(b"", 0) * 50 + gzip.compress(bytes(range(256)) * 8, 0)
    async with talking(writing(GZIP + b"\r\n", packed)) as url:
        assert await failing(url, UnreadableError, max_body=1000) == "an answer of more than 1000 bytes"


async def test_only_gzip_is_asked_for_and_read() -> None:
    asked: list[bytes] = []

    async def brotli(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\nxx")
        await writer.drain()

    async with talking(brotli) as url:
        assert await failing(url, UnreadableError) == "packed in a way that was not asked for"

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(b"asked")
        writer.write(GZIP + b"Content-Length: %d\r\n\r\n" % len(PACKED) + PACKED)
        await writer.drain()

    async with talking(note) as url:
        assert gzip.decompress(PACKED) == (await what_comes(url)).body


async def test_no_body_is_no_damaged_one() -> None:
    async with talking(writing(b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n")) as url:
        assert (await what_comes(url)).body == b""


# too late


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte at a time, sooner than any bound on silence would strike."""
    writer.write(HEAD + b"Content-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("talk", [hang, drip], ids=["hang", "drip"])
async def test_the_bound_on_a_whole_call(talk: Talk) -> None:
    async with talking(talk) as url:
        assert await failing(url, TimedOutError, seconds=0.05) == "no answer from 127.0.0.1 within 0.05 s"


@pytest.mark.parametrize("talk", [hang, drip], ids=["hang", "drip"])
async def test_the_bound_of_the_query(talk: Talk) -> None:
    """So little time tells nothing of the source."""
    async with talking(talk) as url:
        loop = asyncio.get_running_loop()
        with ending_at(loop.time() + 0.05):
            said = await failing(url, OutOfTimeError)
    assert said.startswith("no answer from 127.0.0.1 before the query's deadline")


async def test_a_query_that_gave_enough_time_tells_of_the_source() -> None:
    async with talking(hang) as url:
        with ending_at(asyncio.get_running_loop().time() + 0.05):
            said = await failing(url, TimedOutError, fair=0.01)
    assert said.startswith("no answer from 127.0.0.1 before the query's deadline")


async def test_the_bound_on_silence() -> None:
    async with talking(hang) as url:
        said = await failing(url, TimedOutError, seconds=0.1, read_timeout=0.05)
    assert said == "not a byte from 127.0.0.1 for 0.05 s"


async def test_the_bound_on_connecting() -> None:
    """A listener whose queue is full swallows the first packet."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            said = await failing(url, TimedOutError, connect_timeout=0.05)
        finally:
            for filler in fillers:
                filler.close()
    assert said == "no connection to 127.0.0.1 within 0.05 s"


# not whom it claims to be


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def untrusted(url: str, ca: str | None = None) -> str:
    with pytest.raises(UntrustedError) as caught:
        await what_comes(url, ca=ca)
    assert not caught.value.retryable
    assert CANARY not in f"{caught.value!r} {caught.value.as_data()}"
    return caught.value.message


async def test_a_certificate_is_that_of_the_host_and_of_an_authority_that_is_known(
    authority: trustme.CA, tmp_path: Path
) -> None:
    bundle = str(tmp_path / "bundle.pem")
    authority.cert_pem.write_to_path(bundle)
    good = writing(HEAD + b"Content-Length: 2\r\n\r\n{}")

    async with talking(good, tls(authority, "127.0.0.1")) as url:
        assert (await what_comes(url, ca=bundle)).body == b"{}"
        said = await untrusted(url)
        assert said == "the certificate of 127.0.0.1 is not trusted: its authority is not known"
    async with talking(good, tls(authority, "evil.example.com")) as url:
        said = await untrusted(url, bundle)
        assert said == "the certificate of 127.0.0.1 is not trusted: it is for another address"
        said = await untrusted(url.replace("127.0.0.1", "localhost"), bundle)
        assert said == "the certificate of localhost is not trusted: it is for another name"


async def test_a_server_without_tls_gets_no_secret() -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        said = await untrusted(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert said == "no TLS connection to 127.0.0.1"
    assert CANARY.encode() not in b"".join(heard)


async def test_a_bundle_that_is_not_there_is_told(tmp_path: Path) -> None:
    said = await untrusted("https://127.0.0.1:1", str(tmp_path / "nothing.pem"))
    assert said == "ca_bundle cannot be read: FileNotFoundError"


# one session, one limit


async def test_all_clients_of_a_source_share_its_connections() -> None:
    """Two base URLs, three connections: not three for each."""
    open_now = most = 0
    go_on = asyncio.Event()

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        if open_now == 3:
            go_on.set()
        await go_on.wait()
        open_now -= 1
        writer.write(HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()

    async with talking(count) as one, talking(count) as other:
        shared = Connections(3)
        clients = [Transport(one, shared), Transport(other, shared)]
        await asyncio.gather(*(client.send(get("/runs")) for client in clients for _ in range(5)))
        assert clients[0].connections.session() is clients[1].connections.session()
        await shared.aclose()

    assert most == 3
