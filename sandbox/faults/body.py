"""Faults of the body as bytes: another format than is said, cut, packed, or without end."""

import asyncio
import gzip
import zlib
from collections.abc import Callable
from functools import lru_cache

from aiohttp import web

from sandbox.faults.active import Blow
from sandbox.faults.fault import Fault, Kind, Parameter, Strike
from sandbox.faults.transport import body_of

_MEGABYTE = 1024 * 1024
_LOGIN = """<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><form action="/login" method="post"><input name="user"><input name="password" type="password"></form></body>
</html>
"""


def _changing(change: Callable[[bytes], bytes]) -> Strike:
    """Hits answers of JSON with a status of 200, by what becomes of their bytes."""

    async def strike(blow: Blow) -> web.StreamResponse:
        response = await blow.answer()
        if response.status != 200 or response.content_type != "application/json":
            return response
        blow.hit()
        response.body = change(body_of(response))
        return response

    return strike


async def _login_page(blow: Blow) -> web.StreamResponse:
    blow.hit()
    return web.Response(text=_LOGIN, content_type="text/html")


async def _empty(blow: Blow) -> web.StreamResponse:
    blow.hit()
    return web.Response(content_type="application/json")


async def _no_content(blow: Blow) -> web.StreamResponse:
    blow.hit()
    return web.Response(status=204)


async def _gzip_bomb(blow: Blow) -> web.StreamResponse:
    """The true answer, after many blanks."""
    response = await blow.answer()
    if response.status != 200:
        return response
    blow.hit()
    packed, crc, size = _blanks(int(blow.number("megabytes")))
    body = body_of(response)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    trailer = zlib.crc32(body, crc).to_bytes(4, "little") + ((size + len(body)) % 2**32).to_bytes(4, "little")
    response.body = packed + packer.compress(body) + packer.flush() + trailer
    response.headers["Content-Encoding"] = "gzip"
    return response


async def _gzip_truncated(blow: Blow) -> web.StreamResponse:
    response = await blow.answer()
    if response.status != 200:
        return response
    blow.hit()
    packed = gzip.compress(body_of(response))
    response.body = packed[: len(packed) // 2]
    response.headers["Content-Encoding"] = "gzip"
    return response


async def _endless(blow: Blow) -> web.StreamResponse:
    """Ends when the client leaves."""
    stream = web.StreamResponse(headers={"Content-Type": "application/json"})
    stream.enable_chunked_encoding()
    await stream.prepare(blow.request)
    await stream.write(b"[")
    blow.hit()
    while True:
        await stream.write(b" " * 65_536)
        await asyncio.sleep(0)  # a client that reads fast enough would keep the loop to itself


@lru_cache(maxsize=2)
def _blanks(megabytes: int) -> tuple[bytes, int, int]:
    """The start of a gzip file of so many megabytes of blanks, their checksum and number.

    One block is packed once: flushed fully, it can be repeated as it is.
    """
    block = b" " * _MEGABYTE
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(megabytes):
        crc = zlib.crc32(block, crc)
    return b"\x1f\x8b\x08\0\0\0\0\0\2\xff" + packed * megabytes, crc, megabytes * _MEGABYTE


def _fault(name: str, description: str, strike: Strike, **parameters: Parameter) -> Fault:
    return Fault(name, Kind.BODY, description, strike, parameters=parameters)


BODY_FAULTS = (
    _fault("login-page", "Status 200 and an HTML page to sign in on.", _login_page),
    _fault("empty-200", "Status 200 and no body.", _empty),
    _fault("204", "Status 204, «no content».", _no_content),
    _fault("truncated-json", "The first half of the body, with the right length.",
           _changing(lambda body: body[: len(body) // 2])),
    _fault("trailing-garbage", "More text after the end of the JSON.",
           _changing(lambda body: body + b"\n]} debug: 0.31 s")),
    _fault("bom", "A byte order mark before the JSON.", _changing(lambda body: b"\xef\xbb\xbf" + body)),
    _fault("utf-16", "The JSON in UTF-16, said to be UTF-8.",
           _changing(lambda body: body.decode().encode("utf-16"))),
    _fault("gzip-bomb", "The true answer after `megabytes` of blanks, a thousandth of it on the wire.", _gzip_bomb,
           megabytes=Parameter(300)),
    _fault("gzip-truncated", "Half of a gzip file, with the right length.", _gzip_truncated),
    _fault("endless-body", "A body of blanks that never ends.", _endless),
)  # fmt: skip
