"""Faults that are told by the status: the provider refuses, in its own words, or points elsewhere."""

from email.utils import formatdate

from aiohttp import web

from sandbox.faults.active import Blow
from sandbox.faults.elsewhere import open_elsewhere
from sandbox.faults.fault import Fault, Kind, Parameter, Strike
from sandbox.faults.refusals import refuse


def _refusing(status: int) -> Strike:
    async def strike(blow: Blow) -> web.StreamResponse:
        blow.hit()
        return refuse(blow.server, blow.request, status)

    return strike


async def _throttle(blow: Blow) -> web.StreamResponse:
    blow.hit()
    return refuse(blow.server, blow.request, 429, {"Retry-After": f"{blow.number('seconds'):.0f}"})


async def _throttle_until(blow: Blow) -> web.StreamResponse:
    """The server's clock is wrong, and both dates are by it."""
    blow.hit()
    now = blow.server.setting.wall() + blow.number("skew")
    until = formatdate(now + blow.number("seconds"), usegmt=True)
    return refuse(blow.server, blow.request, 429, {"Date": formatdate(now, usegmt=True), "Retry-After": until})


async def _expire_token(blow: Blow) -> web.StreamResponse:
    """The tokens in use expire. One that the provider cannot renew is refused once, as if by mistake."""
    token = blow.request.headers.get("Authorization") or blow.request.headers.get("Authentication", "")
    seen = blow.active.memory.setdefault("seen", set())
    if blow.active.calls <= blow.number("after"):
        seen.add(token)
        return await blow.answer()
    if not blow.active.memory.get("expired"):
        blow.active.memory["expired"] = True
        seen.add(token)
        blow.server.expire_tokens()
    response = await blow.answer()
    if token not in seen:
        return response
    if response.status != 401:
        seen.discard(token)
        response = refuse(blow.server, blow.request, 401)
    blow.hit()
    return response


async def _redirect(blow: Blow) -> web.StreamResponse:
    blow.hit()
    to = str(blow.parameter("to")) or f"{blow.active.elsewhere}{blow.request.path_qs}"
    return web.Response(status=302, headers={"Location": to})


def _status(status: int, meaning: str) -> Fault:
    return Fault(str(status), Kind.STATUS, f"{meaning}: status {status}, in the provider's words.", _refusing(status))


STATUS_FAULTS = (
    _status(400, "The request is not understood"),
    _status(401, "The credentials are not accepted"),
    _status(403, "A right is missing"),
    _status(404, "There is no such thing"),
    _status(500, "Something broke"),
    _status(502, "A gateway got nonsense"),
    _status(503, "Too busy"),
    _status(504, "A gateway got nothing in time"),
    Fault("burst-of-500", Kind.STATUS, "The first `first` calls (3) get status 500, then all is well.",
          _refusing(500), first=3),
    Fault("429-seconds", Kind.STATUS, "Over the rate limit; Retry-After says `seconds`.", _throttle,
          parameters={"seconds": Parameter(2.0)}),
    Fault("429-date", Kind.STATUS,
          "Over the rate limit; Retry-After is a date `seconds` from now by a clock that is `skew` seconds ahead.",
          _throttle_until, parameters={"seconds": Parameter(2.0), "skew": Parameter(3600.0, float("-inf"))}),
    Fault("token-expired", Kind.STATUS,
          "After `after` calls the tokens in use expire, each gets a 401; what cannot be renewed is refused once.",
          _expire_token, parameters={"after": Parameter(1)}),
    Fault("redirect-302", Kind.STATUS,
          "Status 302 to another host and port, where every call is answered with [] and recorded; or `to` a URL.",
          _redirect, parameters={"to": Parameter("")}, prepare=open_elsewhere),
)  # fmt: skip
