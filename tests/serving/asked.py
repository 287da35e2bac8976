"""The endpoint over a small schema, straight over ASGI: what cannot be brought about from outside."""

import json
from asyncio import Event
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from graphql import GraphQLSchema
from starlette.types import Message

from engine.documents import Documents
from engine.limits import Limits
from resolvers.context import Context, House
from serving.freshness import Freshness
from serving.handler import GraphQLEndpoint
from tests.serving.live import Reply


def endpoint_of(schema: GraphQLSchema, limits: Limits | None = None) -> GraphQLEndpoint:
    return GraphQLEndpoint(Documents(schema, limits or Limits()), lambda: Context(House([])), Freshness(schema))


async def asked(endpoint: GraphQLEndpoint, body: Any, stays: bool = True) -> Reply:
    """The answer to a POST, by a client that stays until then, or leaves at once."""
    return await received(endpoint, [json.dumps(body).encode()], stays=stays)


async def received(
    endpoint: GraphQLEndpoint,
    parts: Sequence[bytes],
    headers: Mapping[str, str] | None = None,
    stays: bool = True,
    ends: bool = True,
) -> Reply:
    """The answer to a body that comes in these parts; status 0 when there is none."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if ends:
        messages[-1]["more_body"] = False
    sent: list[Message] = []

    async def coming() -> AsyncGenerator[Message, None]:
        for message in messages:
            yield message
        if stays:
            await Event().wait()
        yield {"type": "http.disconnect"}

    source = coming()

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"accept": "application/json", "content-type": "application/json", **(headers or {})}
    pairs = [(name.encode(), value.encode()) for name, value in given.items()]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": pairs}
    await endpoint(scope, source.__anext__, send)
    await source.aclose()
    if not sent:
        return Reply(0, {}, b"")
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], names, b"".join(message.get("body", b"") for message in sent[1:]))
