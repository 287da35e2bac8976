"""GraphQL over HTTP: one POST of JSON, one answer. A client that goes away cancels its query."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from ariadne import graphql
from graphql import GraphQLSchema
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from resolvers.context import Context
from serving.errors import format_error
from serving.explorer import to_explorer, wants_page

MAX_BODY = 128 * 1024  # bytes
JSON = "application/json"

# ariadne would log each mistake of a caller with a traceback; `serving.errors` tells what is worth telling
SILENT = logging.Logger("histograph.ariadne", level=logging.CRITICAL + 1)


class GraphQLRequest(Struct, rename="camel"):
    """The members of a request that the specification names."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


REQUEST = msgspec.json.Decoder(GraphQLRequest)


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """Answers `/graphql`."""

    schema: GraphQLSchema
    new_context: Callable[[], Context]

    async def handle(self, request: Request) -> Response:
        """One request. A browser that opens the address is led to the explorer."""
        if wants_page(request):
            return to_explorer(request)
        if request.method != "POST":
            return failure(405, "METHOD_NOT_ALLOWED", "POST a query as JSON", {"Allow": "POST"})
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return failure(415, "UNSUPPORTED_MEDIA_TYPE", f"the body has to be {JSON}")
        try:
            asked = REQUEST.decode(await self._body(request))
        except HTTPException as error:
            return failure(error.status_code, "PAYLOAD_TOO_LARGE", error.detail)
        except (msgspec.MsgspecError, RecursionError) as error:
            return failure(400, "BAD_REQUEST", f"not a GraphQL request: {error}")
        return await self._answer_unless_left(request, asked)

    async def _body(self, request: Request) -> bytes:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY:
                raise HTTPException(413, f"a request has at most {MAX_BODY} bytes")
            parts.append(part)
        return b"".join(parts)

    async def _answer_unless_left(self, request: Request, asked: GraphQLRequest) -> Response:
        answer = asyncio.create_task(self._answer(asked))
        left = asyncio.create_task(_disconnected(request))
        try:
            await asyncio.wait({answer, left}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise ClientDisconnect
            return answer.result()
        finally:
            for task in (answer, left):
                task.cancel()
            await asyncio.gather(answer, left, return_exceptions=True)

    async def _answer(self, asked: GraphQLRequest) -> Response:
        context = self.new_context()
        context.enter()
        data = {"query": asked.query, "variables": asked.variables, "operationName": asked.operation_name}
        _, result = await graphql(
            self.schema, data, context_value=context, error_formatter=format_error, logger=SILENT, debug=False
        )
        if result.get("data") is None and not any("path" in error for error in result.get("errors", ())):
            result.pop("data", None)  # the request itself was wrong: nothing was executed
        return Response(msgspec.json.encode(result), media_type=JSON)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def failure(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    """A request that never became a query."""
    body = msgspec.json.encode({"errors": [{"message": message, "extensions": {"code": code}}]})
    return Response(body, status, headers, JSON)
