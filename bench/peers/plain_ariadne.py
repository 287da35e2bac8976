"""ariadne as it comes: its own ASGI application over our schema and our resolvers. `uvicorn --factory`."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from ariadne.asgi import GraphQL
from starlette.applications import Starlette
from starlette.routing import Route

from app import build_schema, set_up_logging
from bench.peers import memory
from bench.peers.settled import settle
from connectors.caches import Caches
from connectors.connect import connect
from resolvers.context import Context, House, Source


def application() -> Starlette:
    """As a worker process makes it."""
    set_up_logging("warning")
    made = make()
    settle()
    return made


def make() -> Starlette:
    """The same five sources, remembered as ours are."""
    settings, providers = memory.settings(), memory.providers()
    house = House(sources=[])

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        caches = Caches.of(settings.cache)
        connected = [connect(name, one, providers[one.provider], caches) for name, one in settings.sources.items()]
        house.sources = [Source(connector) for connector in connected]
        yield
        await house.aclose()

    def context(_request: Any, _data: Any) -> Context:
        made = Context(house)
        made.enter()
        return made

    endpoint = GraphQL(build_schema(providers), context_value=context)
    return Starlette(routes=[Route("/graphql", endpoint)], lifespan=lifespan)
