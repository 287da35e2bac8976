"""What was asked: every HTTP request in the order it came in. Tests count them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


@dataclass(slots=True)
class Call:
    """One request. `status` is 0 until it is answered, and stays so when it never is."""

    provider: str
    method: str
    path: str
    query: Mapping[str, str]
    body: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def counting(provider: str, calls: list[Call]) -> Middleware:
    """A middleware that writes each request down."""

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = (await request.read()).decode("utf-8", "replace")
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(provider, request.method, request.path, dict(request.query), body, headers=headers)
        calls.append(call)
        response = await handler(request)
        call.status = response.status
        return response

    return count
