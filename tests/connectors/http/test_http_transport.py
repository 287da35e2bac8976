"""The transport against servers on loopback: what is sent, and each way in which an answer can fail to come."""

import asyncio
import datetime
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import TimedOutError, UnreachableError, UnreadableError
from connectors.http.client import Request, get, path, post
from connectors.http.transport import Transport, _query

WORDS = st.text("aZ09_-.~ &=%+\u00b2\u0430", max_size=4)
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The base URL of a server that answers everything by one handler."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"{'https' if context else 'http'}://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def answering(raw: bytes) -> AsyncIterator[str]:
    """The base URL of a server that writes these bytes, whatever is asked, and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"


@asynccontextmanager
async def open_transport(
    base_url: str, *, within: float = 8.0, max_body: int = 1000, ca_bundle: str | None = None
) -> AsyncIterator[Transport]:
    transport = Transport(base_url, timeout=within, max_body=max_body, ca_bundle=ca_bundle)
    try:
        yield transport
    finally:
        await transport.aclose()


class Noted:
    """Answers `{}`, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.method, request.raw_path, headers, await request.read()))
        return web.json_response({}, headers={"Set-Cookie": "session=1", "X-Reference": "r"})


# what is sent


async def test_an_escaped_path_arrives_as_it_was_sent() -> None:
    noted = Noted()
    async with serving(noted) as url, open_transport(f"{url}/api/") as transport:
        await transport.send(get(path("/jobs/{}/history/{}", "../admin", "a b:c%2F"), {"sort": "-createdAt"}))

    assert noted.asked[0][:2] == ("GET", "/api/jobs/..%2Fadmin/history/a%20b%3Ac%252F?sort=-createdAt")


async def test_parameters_are_encoded_whole() -> None:
    noted = Noted()
    filters = 'start_time ge "2022-02-07T00:00:00Z" and status eq "Failed" &#%+'
    async with serving(noted) as url, open_transport(url) as transport:
        await transport.send(get("/executions", {"filters": filters}))

    assert noted.asked[0][1] == (
        "/executions?filters=start_time+ge+%222022-02-07T00%3A00%3A00Z%22+and+status+eq+%22Failed%22+%26%23%25%2B"
    )


@given(st.lists(st.tuples(WORDS, WORDS)).map(tuple))
def test_parameters_that_need_no_escapes_are_written_as_all_others(params: tuple[tuple[str, str], ...]) -> None:
    assert _query(params) == (f"?{urlencode(params)}" if params else "")


async def test_an_empty_path_is_the_base_address_itself() -> None:
    noted = Noted()
    async with serving(noted) as url, open_transport(f"{url}/oauth/token") as transport:
        await transport.send(Request(method="POST", path="", body=b"grant_type=client_credentials"))

    assert noted.asked[0][1] == "/oauth/token"
    assert noted.asked[0][3] == b"grant_type=client_credentials"


async def test_method_headers_and_body_arrive_and_the_answer_is_read_whole() -> None:
    noted = Noted()
    async with serving(noted) as url, open_transport(url) as transport:
        response = await transport.send(post("/query", {"a": 1}).with_headers({"SPACE_GUID": "space-1"}))

    ((method, _, headers, body),) = noted.asked
    assert (method, body) == ("POST", b'{"a":1}')
    assert headers["accept"] == headers["content-type"] == "application/json"
    assert headers["space_guid"] == "space-1"
    assert headers["user-agent"] == "histograph"
    assert (response.status, response.body, response.headers["x-reference"]) == (200, b"{}", "r")


async def test_a_call_that_is_hung_up_on_is_sent_once() -> None:
    """Also on a connection that was used before. Whether to send it again is for the layers above."""
    asked: list[str] = []

    async def hang_up(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.path)
        if request.path == "/second" and request.transport is not None:
            request.transport.close()
        return web.json_response({})

    async with serving(hang_up) as url, open_transport(url) as transport:
        await transport.send(get("/first"))
        with pytest.raises(UnreachableError, match="it hung up"):
            await transport.send(get("/second"))

    assert asked == ["/first", "/second"]


async def test_cookies_are_not_kept() -> None:
    noted = Noted()
    async with serving(noted) as url, open_transport(url) as transport:
        await transport.send(get("/one"))
        await transport.send(get("/two"))

    assert all("cookie" not in headers for _, _, headers, _ in noted.asked)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_no_second_request_is_made(status: int) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/login"})

    async with serving(elsewhere) as url, open_transport(url) as transport:
        response = await transport.send(get("/runs").with_headers({"Authorization": "Bearer t"}))

    assert (response.status, response.headers["location"]) == (status, "/login")
    assert asked == ["/runs"]


@pytest.mark.parametrize("status", [204, 400, 404, 429, 500, 503])
async def test_a_status_is_told_and_not_judged(status: int) -> None:
    async def refuse(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status)

    async with serving(refuse) as url, open_transport(url) as transport:
        assert (await transport.send(get("/runs"))).status == status


# bodies


@pytest.mark.parametrize(("size", "is_read"), [(1000, True), (1001, False), (500_000, False)])
async def test_a_body_has_a_limit(size: int, is_read: bool) -> None:
    async def much(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * size)

    async with serving(much) as url, open_transport(url, max_body=1000) as transport:
        if is_read:
            assert len((await transport.send(get("/runs"))).body) == size
        else:
            with pytest.raises(UnreadableError, match="an answer of more than 1000 bytes"):
                await transport.send(get("/runs"))


async def test_the_limit_is_that_of_the_body_unpacked() -> None:
    async def packed(request: web.BaseRequest) -> web.Response:
        return web.Response(body=gzip.compress(b"x" * 100_000), headers={"Content-Encoding": "gzip"})

    async with serving(packed) as url:
        async with open_transport(url, max_body=50_000) as transport:
            with pytest.raises(UnreadableError):
                await transport.send(get("/runs"))
        async with open_transport(url, max_body=100_000) as transport:
            assert (await transport.send(get("/runs"))).body == b"x" * 100_000


async def test_an_answer_may_come_before_all_is_sent() -> None:
    """What was not sent yet is given up, and the next call has another connection."""
    asked: list[str] = []

    async def refuse(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        return web.json_response({"message": "too large"}, status=413)

    async with serving(refuse) as url, open_transport(url) as transport:
        large = Request(method="POST", path="/query", body=b"x" * 1_000_000)
        assert (await transport.send(large)).status == 413
        assert (await transport.send(get("/runs"))).status == 413

    assert asked == ["/query", "/runs"]


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
    ids=["length", "chunks"],
)
async def test_a_body_that_breaks_off_is_no_body(raw: bytes) -> None:
    async with answering(raw) as url, open_transport(url) as transport:
        with pytest.raises(UnreachableError, match=r"the answer of 127\.0\.0\.1 broke off"):
            await transport.send(get("/runs"))


@pytest.mark.parametrize(
    "raw", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 twohundred OK\r\n\r\n", b"\x16\x03\x01\x02"]
)
async def test_what_is_no_http_is_no_connection(raw: bytes) -> None:
    async with answering(raw) as url, open_transport(url) as transport:
        with pytest.raises(UnreachableError, match=r"no connection to 127\.0\.0\.1"):
            await transport.send(get("/runs"))


# no answer


async def test_no_answer_in_time_is_timed_out() -> None:
    over = asyncio.Event()

    async def wait(request: web.BaseRequest) -> web.Response:
        await over.wait()
        return web.Response()

    async with serving(wait) as url, open_transport(url, within=0.05) as transport:
        with pytest.raises(TimedOutError, match=r"no answer from 127\.0\.0\.1 within 0\.05 s"):
            await transport.send(get("/runs"))
        over.set()


async def test_a_body_that_does_not_end_in_time_is_timed_out() -> None:
    over = asyncio.Event()

    async def trickle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"[")
        await over.wait()
        return response

    async with serving(trickle) as url, open_transport(url, within=0.05) as transport:
        with pytest.raises(TimedOutError):
            await transport.send(get("/runs"))
        over.set()


async def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        async with open_transport(f"http://127.0.0.1:{taken.getsockname()[1]}") as transport:
            with pytest.raises(UnreachableError, match=r"no connection to 127\.0\.0\.1") as caught:
                await transport.send(get("/runs", {"token": "secret"}))

    assert not isinstance(caught.value, TimedOutError)
    assert "secret" not in str(caught.value)


async def test_a_header_that_would_be_two_is_not_sent() -> None:
    noted = Noted()
    async with serving(noted) as url, open_transport(url) as transport:
        with pytest.raises(UnreachableError):
            await transport.send(get("/runs").with_headers({"Authorization": "Bearer a\r\nX-Evil: 1"}))

    assert noted.asked == []


async def test_a_transport_can_be_closed_before_its_first_call_and_twice() -> None:
    transport = Transport("http://127.0.0.1:1")
    await transport.aclose()
    await transport.aclose()


# certificates


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """A server's TLS with a certificate of its own, and the file that says to trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "informer.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, private = tmp_path / "bundle.pem", tmp_path / "key.pem"
    bundle.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, private)
    return context, str(bundle)


async def test_a_certificate_of_its_own_is_trusted_only_where_the_operator_says_so(
    authority: tuple[ssl.SSLContext, str],
) -> None:
    context, bundle = authority
    async with serving(Noted(), context) as url:
        async with open_transport(url) as transport:
            with pytest.raises(UnreachableError, match=r"the certificate of 127\.0\.0\.1 is not trusted"):
                await transport.send(get("/runs"))
        async with open_transport(url, ca_bundle=bundle) as transport:
            assert (await transport.send(get("/runs"))).status == 200


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_a_bundle_that_cannot_be_read_is_an_error_of_the_source(tmp_path: Path, content: bytes | None) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)

    async with open_transport("https://127.0.0.1:1", ca_bundle=str(bundle)) as transport:
        with pytest.raises(UnreachableError):
            await transport.send(get("/runs"))
