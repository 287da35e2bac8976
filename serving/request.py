"""A GraphQL request as it comes over HTTP: from the body of a POST, or from the query string of a GET."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.requests import Request

from engine.errors import ErrorCode, RefusedError, refused
from engine.limits import Limits
from serving.begun import Begun
from serving.media import JSON, is_json


class GraphQLRequest(Struct, rename="camel"):
    """The members that the specifications name."""

    query: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None
    document_id: str | None = None


class MalformedError(RefusedError):
    """No JSON at all: 400 in every edition."""


REQUEST = msgspec.json.Decoder(GraphQLRequest)
MAP = msgspec.json.Decoder(dict[str, Any] | None)


async def read_request(request: Request, limits: Limits) -> GraphQLRequest:
    """What is asked.

    Raises:
        RefusedError: It is no GraphQL request, or too large, or too slow.
        ClientDisconnect: The caller left before it had told.
    """
    if request.method == "POST":
        headers = request.headers
        if not is_json(headers.get("content-type")) or headers.get("content-encoding", "identity") != "identity":
            raise refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE, f"the body has to be {JSON} in UTF-8, not encoded")
        asked: GraphQLRequest = _decoded(REQUEST, await _body(request, limits))
        return asked
    raw: bytes = request.scope["query_string"]
    if len(raw) > limits.body_bytes:
        raise refused(ErrorCode.PAYLOAD_TOO_LARGE, f"a query string has at most {limits.body_bytes} bytes")
    # in ASCII, as HTTP has it; what else a caller sends is no UTF-8 that we could know
    given = dict(parse_qsl(raw.decode("ascii", "replace"), keep_blank_values=True))
    return GraphQLRequest(
        query=given.get("query") or None,
        operation_name=given.get("operationName") or None,
        document_id=given.get("documentId") or None,
        variables=_map(given, "variables"),
        extensions=_map(given, "extensions"),
    )


def _map(given: Mapping[str, str], name: str) -> dict[str, Any] | None:
    decoded: dict[str, Any] | None = None
    if given.get(name):
        decoded = _decoded(MAP, given[name].encode(), f"{name}: ")
    return decoded


async def _body(request: Request, limits: Limits) -> bytes:
    announced = request.headers.get("content-length", "0")
    body: bytes | None = None
    if not announced.isascii() or not announced.isdigit() or int(announced[:20]) <= limits.body_bytes:
        begun = Begun(_read(request, limits.body_bytes))
        try:
            if begun.ended:
                body = begun.result
            else:
                async with asyncio.timeout(limits.body_seconds):
                    body = await begun
        except TimeoutError:
            said = f"the body has to arrive in {limits.body_seconds:g} seconds"
            raise refused(ErrorCode.REQUEST_TIMEOUT, said) from None
    if body is None:
        raise refused(ErrorCode.PAYLOAD_TOO_LARGE, f"a body has at most {limits.body_bytes} bytes")
    return body


async def _read(request: Request, at_most: int) -> bytes | None:
    """The body; None if it is too large, which is seen before all of it is there."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > at_most:
            return None
        parts.append(part)
    return b"".join(parts)


def _decoded(decoder: "msgspec.json.Decoder[Any]", body: bytes, name: str = "") -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise refused(ErrorCode.BAD_REQUEST, f"{name}{error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        said = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise MalformedError(refused(ErrorCode.BAD_REQUEST, f"{name}{said}").errors) from None
    except RecursionError:
        raise refused(ErrorCode.BAD_REQUEST, f"{name}JSON is nested too deeply") from None
