"""The port of one server: always the same one, whether somebody answers there or not.

A port that refuses stays ours: a socket is bound to it that does not listen, so no other process can take it meanwhile.
"""

import asyncio
import socket
from collections.abc import Callable
from enum import StrEnum
from ssl import SSLContext
from typing import cast


class Port(StrEnum):
    """What a client finds at the port."""

    OPEN = "open"
    REFUSING = "refusing"
    SWALLOWING = "swallowing"
    PLAIN = "plain"  # HTTP where TLS is expected
    WRONG_NAME = "wrong name"  # a certificate for somebody else
    UNKNOWN_CA = "unknown ca"  # a certificate of an authority that nobody trusts


class Door:
    """One address. `port` is 0 until it is opened for the first time, unless it was given."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._sockets: list[socket.socket] = []

    async def open(
        self, factory: Callable[[], asyncio.BaseProtocol], context: SSLContext | None, port: Port = Port.OPEN
    ) -> None:
        """Listen, or whatever else the port is to be. Whoever is let in gets a protocol of the factory."""
        self.close()
        if port is Port.REFUSING:
            self._bind()
        elif port is Port.SWALLOWING:
            self._swallow()
        else:
            await self._listen(factory, context)

    def close(self) -> None:
        """Give the port up."""
        if self._server:
            self._server.close()
            self._server = None
        while self._sockets:
            self._sockets.pop().close()

    async def _listen(self, factory: Callable[[], asyncio.BaseProtocol], context: SSLContext | None) -> None:
        self._server = await asyncio.get_running_loop().create_server(factory, self.host, self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    def _swallow(self) -> None:
        """The queue of those not accepted yet holds one and is full, so the kernel drops whoever knocks."""
        listener = self._bind()
        listener.listen(0)
        for _ in range(2):  # one more than fits
            guest = socket.socket(listener.family)
            guest.setblocking(False)
            self._sockets.append(guest)
            guest.connect_ex(listener.getsockname())

    def _bind(self) -> socket.socket:
        family, kind, _, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
        holder = socket.socket(family, kind)
        self._sockets.append(holder)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(address)
        self.port = holder.getsockname()[1]
        return holder


class PlainTalk(asyncio.Protocol):
    """Tells whoever speaks TLS, in plain HTTP, that this is the wrong port for it."""

    _ANSWER = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection."""
        self._transport = cast("asyncio.Transport", transport)  # TCP, of whatever loop

    def data_received(self, data: bytes) -> None:
        """Whatever it says."""
        del data
        self._transport.write(self._ANSWER)
        self._transport.close()
