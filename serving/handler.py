"""GraphQL over HTTP: from a request to what its document means, may cost, and gives.

Each step may refuse, and none does work that a later refusal would waste. A client that goes away cancels its query.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

import msgspec
from graphql.execution import Executor
from graphql.execution.values import VariableValues
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from engine.compiled import Compiled
from engine.documents import Document, Documents, Operation
from engine.errors import ErrorCode, RefusedError, refused
from engine.execution import execute
from resolvers.context import Context
from serving.begun import Begun
from serving.editions import Edition
from serving.errors import code_of, tell_errors, tell_fault, tell_refusal
from serving.explorer import to_explorer, wants_page
from serving.freshness import NO_STORE, Freshness, matches
from serving.media import JSON, choose
from serving.persisted import Store
from serving.request import GraphQLRequest, MalformedError, read_request

METHODS = frozenset({"GET", "HEAD", "POST"})
ALWAYS = {"Vary": "Accept", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """Answers `/graphql`, as an ASGI application: it sees every method."""

    documents: Documents
    new_context: Callable[[], Context]
    freshness: Freshness
    store: Store = field(default_factory=Store)
    edition: Edition = Edition.DRAFTS
    compiled: Compiled | None = None
    "What completes answers; None: graphql-core."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except ClientDisconnect:
            return  # nobody listens
        except Exception as fault:
            body = {"errors": [tell_fault(fault)]}
            response = answer(body, 500, JSON, {"Cache-Control": NO_STORE})
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        """A browser that opens the address is led to the explorer."""
        if wants_page(request):
            return to_explorer(request)
        media_type = choose(request.headers.get("accept"))
        document: Document | None = None
        try:
            if request.method not in METHODS:
                raise refused(ErrorCode.METHOD_NOT_ALLOWED, "GET for queries, POST for all operations")
            if media_type is None:
                raise refused(ErrorCode.NOT_ACCEPTABLE, "answers are application/graphql-response+json, or JSON")
            asked = await read_request(request, self.documents.limits)
            text = self.store.text(asked)
            document = self.documents.read(text)
            operation = document.operation(asked.operation_name)
            _check_operation(operation, request.method)
            variables = self.documents.check(operation, asked.variables or {})
            self.store.keep(asked, text)
        except RefusedError as error:
            return self._refusal(error, media_type or JSON, request, document)
        return await watched(request, self._answer(request, asked, document, operation, variables, media_type))

    async def _answer(  # noqa: PLR0917  # all that was found out about the request
        self,
        request: Request,
        asked: GraphQLRequest,
        document: Document,
        operation: Operation,
        variables: VariableValues,
        media_type: str,
    ) -> Response:
        context = self.new_context()
        context.enter()
        executor = Executor if self.compiled is None else self.compiled.executor
        result = execute(self.documents.schema, operation, variables, context, executor)
        if isawaitable(result):
            result = await result
        if result.errors:
            errors = tell_errors(result.errors, asked.variables or {}, document.sha256)
            status = self.edition.of_answer(True, media_type)
            body = {"data": result.data, "errors": errors}
            return answer(body, status, media_type, {"Cache-Control": NO_STORE}, self.encode)
        if not operation.is_query:
            return answer({"data": result.data}, 200, media_type, {"Cache-Control": NO_STORE}, self.encode)
        headers = {"Cache-Control": self.freshness.cache_control(context.pages)}
        content = self.encode({"data": result.data})
        if request.method != "POST":
            headers["ETag"] = self.freshness.etag(operation, content)
            if matches(headers["ETag"], request.headers.get("if-none-match")):
                return Response(status_code=304, headers=ALWAYS | headers)
        return sent(content, 200, media_type, headers)

    def encode(self, body: Any) -> bytes:
        """JSON, also of what has no place in it: half a surrogate pair."""
        return encode(body) if self.compiled is None else self.compiled.encode(body)

    def _refusal(self, error: RefusedError, media_type: str, request: Request, document: Document | None) -> Response:
        """No `data`: nothing was executed."""
        code = code_of(error.errors[0])
        status, media_type = self.edition.of_refusal(code, media_type, isinstance(error, MalformedError))
        headers = {"Cache-Control": NO_STORE}
        if code is ErrorCode.METHOD_NOT_ALLOWED:
            headers["Allow"] = "POST" if request.method in METHODS else "GET, HEAD, POST"
        if code is ErrorCode.REQUEST_TIMEOUT:
            headers["Connection"] = "close"
        told = tell_refusal(error.errors, self.documents.limits.errors, document.sha256 if document else None)
        return answer({"errors": told}, status, media_type, headers)


def _check_operation(operation: Operation, method: str) -> None:
    if method != "POST" and not operation.is_query:
        raise refused(ErrorCode.METHOD_NOT_ALLOWED, "a mutation has to be sent by POST")


async def watched(request: Request, answering: Coroutine[Any, Any, Response]) -> Response:
    """An answer in the making; a client that leaves before it cancels what is being done for it.

    What can be answered without waiting for anything costs no task.

    Raises:
        ClientDisconnect: The client has left.
    """
    begun = Begun(answering)
    if begun.ended:
        return begun.result
    here = asyncio.current_task()
    assert here is not None  # noqa: S101  # a server runs requests in tasks
    left = asyncio.create_task(_disconnected(request))
    left.add_done_callback(lambda task: None if task.cancelled() or is_over else here.cancel())
    is_over = False
    try:
        return await begun
    except asyncio.CancelledError:
        if left.done() and not left.cancelled() and here.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        is_over = True
        left.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def encode(body: Any) -> bytes:
    """JSON, also of what has no place in it: half a surrogate pair."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return json.dumps(body).encode()


def answer(
    body: Mapping[str, Any],
    status: int,
    media_type: str,
    headers: Mapping[str, str],
    encode: Callable[[Any], bytes] = encode,
) -> Response:
    """As JSON."""
    return sent(encode(body), status, media_type, headers)


def sent(content: bytes, status: int, media_type: str, headers: Mapping[str, str]) -> Response:
    """What is JSON already."""
    return Response(content, status, {**ALWAYS, **headers, "Content-Type": f"{media_type}; charset=utf-8"})
