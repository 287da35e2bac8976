"""How each provider words a refusal: the body that it sends with a status of 400 or more."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from uuid import UUID

from aiohttp import web

from sandbox.answers import Refused
from sandbox.model import JSON
from sandbox.providers.base import Provider

Body = Callable[[int, str, web.Request], JSON]  # of a status, its phrase and the call


def refuse(
    server: Provider, request: web.Request, status: int, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A refusal in the provider's own words."""
    body = _BODIES[server.name](status, HTTPStatus(status).phrase, request)
    return server.refusal(request, Refused(status, body, headers))


def _boomi(status: int, phrase: str, request: web.Request) -> JSON:
    if request.path == "/graphql":
        code = {401: "UNAUTHORIZED", 403: "FORBIDDEN"}.get(status, "INTERNAL_SERVER_ERROR")
        return {"errors": [{"message": phrase, "extensions": {"code": code}}], "data": None}
    if status in (401, 403):
        return {"message": phrase}
    return {"error": {"message": phrase}} if status >= 500 else {"@type": "Error", "message": phrase}


def _yandex(status: int, phrase: str, request: web.Request) -> JSON:
    del request
    codes = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 501: 12, 502: 14, 503: 14, 504: 4}
    told = "Token is invalid or has expired." if status == 401 else phrase
    detail = {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": str(UUID(int=status, version=4))}
    return {"code": codes.get(status, 2), "message": told, "details": [detail]}


def _arcee(status: int, phrase: str, request: web.Request) -> JSON:
    del request
    return "Unauthorized: invalid or missing API key" if status == 401 else {"detail": phrase}


def _informer(status: int, phrase: str, request: web.Request) -> JSON:
    del request
    return {
        "statusCode": status,
        "error": phrase,
        "message": "Missing authentication" if status == 401 else phrase,
    }


def _sailpoint(status: int, phrase: str, request: web.Request) -> JSON:
    del request
    if status == 401:
        return {"error": "JWT validation failed: JWT is expired"}
    if status == 429:
        return {"message": " Rate Limit Exceeded "}
    message = {"locale": "en-US", "localeOrigin": "DEFAULT", "text": phrase}
    tracking = "0d1e2a3b4c5d4e6f8a9b0c1d2e3f4a5b"
    return {"detailCode": f"{status} {phrase}", "trackingId": tracking, "messages": [message]}


_BODIES: Mapping[str, Body] = {
    "boomi": _boomi, "yandex": _yandex, "arcee": _arcee, "informer": _informer, "sailpoint": _sailpoint,
}  # fmt: skip
