"""Answers that lie ready as bytes, on a bare ASGI application: as much as uvicorn and the load generator can do."""

import msgspec
from starlette.types import Receive, Scope, Send

from bench import data
from bench.peers.by_hand import SHAPES, Asked, Run, answer


class ReadyMade:
    """Reads which question it is, and sends the bytes."""

    def __init__(self) -> None:
        runs = msgspec.convert(data.runs(), list[Run])
        self._bodies = {name: answer(runs, Asked(name)) for name in SHAPES}
        self._read = msgspec.json.Decoder(Asked).decode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, whose body comes in one piece; others are told that nothing is there."""
        message = await receive()
        asked = message.get("body")
        body = self._bodies[self._read(asked).operation_name] if asked else b"{}"
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def application() -> ReadyMade:
    return ReadyMade()
