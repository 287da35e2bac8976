"""Faults of the connection: it is refused, breaks, or yields less and more slowly than is bearable."""

import asyncio
import os
import socket
import struct

from aiohttp import web

from sandbox.door import Port
from sandbox.faults.active import Blow
from sandbox.faults.fault import Fault, Kind, Parameter

_MOST_BEFORE_A_BREAK = 16_384  # bytes: what the kernel takes at once, so that a reset cannot overtake it


async def _hang(blow: Blow) -> web.StreamResponse:
    blow.hit()
    await blow.hold()


async def _close_before_answer(blow: Blow) -> web.StreamResponse:
    blow.hit()
    _transport(blow).close()
    return web.Response(status=0)  # never sent, and told as such in the list of calls


async def _half_open(blow: Blow) -> web.StreamResponse:
    blow.hit()
    _transport(blow).write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le")
    await blow.hold()


async def _slow_headers(blow: Blow) -> web.StreamResponse:
    response = await blow.answer()
    body, transport = body_of(response), _transport(blow)
    lines = [f"HTTP/1.1 {response.status} {response.reason}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in response.headers.items() if name != "Content-Length"]
    blow.hit()
    for byte in "\r\n".join([*lines, "", ""]).encode("latin-1"):
        transport.write(bytes([byte]))
        await asyncio.sleep(blow.number("seconds"))
    transport.write(body)
    transport.close()
    return web.Response(status=response.status)


async def _slow_drip(blow: Blow) -> web.StreamResponse:
    response = await blow.answer()
    body, size = body_of(response), int(blow.number("size"))
    stream = await _begin(blow, response, len(body))
    blow.hit()
    for start in range(0, len(body), size):
        await stream.write(body[start : start + size])
        await asyncio.sleep(blow.number("seconds"))
    return stream


async def _reset_in_body(blow: Blow) -> web.StreamResponse:
    stream = await _half(blow)
    transport = _transport(blow)
    # the option is set on a copy of the descriptor: not every loop lets its sockets be touched
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as copy:
        copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    return stream


async def _cut_in_body(blow: Blow) -> web.StreamResponse:
    stream = await _half(blow)
    _transport(blow).close()
    return stream


async def _chunked_cut(blow: Blow) -> web.StreamResponse:
    stream = await _half(blow, chunked=True)
    _transport(blow).close()
    return stream


async def _cut_without_length(blow: Blow) -> web.StreamResponse:
    """As a server of HTTP/1.0 would: nothing tells the end of the body but the end of the connection."""
    response = await blow.answer()
    blow.hit()
    transport, body = _transport(blow), body_of(response)
    head = f"HTTP/1.1 {response.status} {response.reason}\r\nContent-Type: {response.headers.get('Content-Type', '')}"
    transport.write(f"{head}\r\nConnection: close\r\n\r\n".encode("latin-1") + body[: len(body) // 2])
    transport.close()
    return web.Response(status=response.status)


async def _half(blow: Blow, *, chunked: bool = False) -> web.StreamResponse:
    """Answers with half of the body."""
    response = await blow.answer()
    body = body_of(response)
    stream = await _begin(blow, response, None if chunked else len(body))
    await stream.write(body[: min(len(body) // 2, _MOST_BEFORE_A_BREAK)])
    await asyncio.sleep(0)
    blow.hit()
    return stream


async def _begin(blow: Blow, response: web.Response, length: int | None) -> web.StreamResponse:
    """Send the head of an answer; without a length its body will be in chunks."""
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    if length is None:
        stream.headers.popall("Content-Length", None)
        stream.enable_chunked_encoding()
    else:
        stream.content_length = length
    await stream.prepare(blow.request)
    return stream


def body_of(response: web.Response) -> bytes:
    """Its bytes."""
    return bytes(response.body) if isinstance(response.body, (bytes, bytearray)) else b""


def _transport(blow: Blow) -> asyncio.Transport:
    transport = blow.request.transport
    if transport is None:
        raise ConnectionResetError("the client has gone")
    return transport


def _fault(name: str, description: str, **more: object) -> Fault:
    return Fault(name, Kind.TRANSPORT, description, **more)  # type: ignore[arg-type]


_SECONDS = Parameter(0.2)

TRANSPORT_FAULTS = (
    _fault("refuse", "The port is closed: connections are refused.", port=Port.REFUSING),
    _fault("swallow", "Connections are never made: what asks for one is dropped.", port=Port.SWALLOWING),
    _fault("hang", "The request is taken and never answered.", strike=_hang),
    _fault("half-open", "The answer stops in the middle of its headers, the connection stays.", strike=_half_open),
    _fault("close-before-answer", "The connection is closed before a byte of the answer.", strike=_close_before_answer),
    _fault("reset-in-body", "The connection is reset in the middle of the body.", strike=_reset_in_body),
    _fault("cut-in-body", "The connection is closed before Content-Length is reached.", strike=_cut_in_body),
    _fault("chunked-cut", "The connection is closed between chunks, before the last.", strike=_chunked_cut),
    _fault("cut-without-length", "A body without any length is cut in its middle.", strike=_cut_without_length),
    _fault("slow-headers", "A byte of the headers every `seconds`.", strike=_slow_headers,
           parameters={"seconds": _SECONDS}),
    _fault("slow-drip", "`size` bytes of the body every `seconds`.", strike=_slow_drip,
           parameters={"seconds": _SECONDS, "size": Parameter(1, 1)}),
)  # fmt: skip
