"""SailPoint Identity Security Cloud: executions in no order, by limit and offset, behind tokens of 749 seconds.

Paths come with a version in front (`/v2025/workflows/…`) or in the middle (`/workflows/v1/…`).
"""

from collections.abc import Iterable
from itertools import count
from typing import ClassVar

import jwt
from aiohttp import web
from msgspec.structs import replace

from sandbox.answers import Refused, answer, never, whole_number
from sandbox.dice import dice
from sandbox.grants import Grants
from sandbox.limits import Window
from sandbox.model import JSON, Run, State, Workflow
from sandbox.providers.base import PAGE_SIZE, Provider, Setting, Settings, bearer
from sandbox.providers.sailpoint_filter import FiltersError, read_filters
from sandbox.providers.sailpoint_render import events, execution, history_v2, status, workflow
from sandbox.world import World

CLIENT_ID = "sandbox-client-0001"
CLIENT_SECRET = "sandbox-sailpoint-secret"  # noqa: S105  (a sandbox keeps no secrets)
TOKEN_LIFE = 749  # seconds
MOST_ROWS = 250
REQUESTS, PER_SECONDS = 100, 10

_VERSIONS = "v3|beta|v2024|v2025|v2026"
_OLD = ("v3", "beta", "v2024")  # without history-v2
_SIGNING_KEY = "sandbox" * 10


class SailPoint(Provider):
    """The SailPoint server."""

    name: ClassVar[str] = "sailpoint"
    source: ClassVar[str] = "identity"

    def __init__(self, world: World, setting: Setting) -> None:
        super().__init__(world, setting)
        self._grants = Grants(setting.wall)
        self._window = Window(REQUESTS, PER_SECONDS, setting.wall)
        self._numbers = count()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Workflows, executions, tokens; each path in both forms."""
        yield web.post("/oauth/token", self._token)
        yield web.get("/oauth/info", self._info)
        version = f"{{version:{_VERSIONS}}}"
        for workflows, executions in (
            (f"/{version}/workflows", f"/{version}/workflow-executions"),
            ("/workflows/{version:v1}", "/workflow-executions/{version:v1}"),
        ):
            yield web.get(workflows, self._workflows)
            yield web.get(workflows + "/{workflow}", self._workflow)
            yield web.get(workflows + "/{workflow}/executions", self._list)
            yield web.get(executions + "/{run}", self._get)
            yield web.get(executions + "/{run}/history", self._history)
            yield web.get(executions + "/{run}/history-v2", self._history_v2)
            yield web.post(executions + "/{run}/cancel", self._cancel)

    def settings(self, url: str) -> Settings:
        """With a personal access token."""
        return {
            "provider": self.name,
            "base_url": url,
            "api_version": "v2025",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }

    def expire_tokens(self) -> None:
        """Access tokens are refused from now on."""
        self._grants.expire()

    def lost(self, status: int) -> Refused:
        """No such path, or not with this method."""
        return _NOT_FOUND if status == 404 else _refusal(status, "405 Method Not Allowed", "The method is not allowed.")

    async def _token(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            raise Refused(400, {"error": "invalid_request", "error_description": "The request is not form-encoded"})
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            raise Refused(400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant type"})
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise Refused(401, {"error": "invalid_client", "error_description": "Bad client credentials"})
        self._limit("oauth")
        claims = {"client_id": CLIENT_ID, "jti": next(self._numbers), "exp": self.setting.wall() + TOKEN_LIFE}
        token = self._grants.issue(jwt.encode(claims, _SIGNING_KEY, "HS256"), TOKEN_LIFE)
        return answer(
            {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_LIFE, "scope": "sp:scopes:all"}
        )

    async def _info(self, request: web.Request) -> web.Response:
        own = f"{request.scheme}://{request.host}"
        return answer({"authorizeEndpoint": f"{own}/oauth/authorize", "tokenEndpoint": f"{own}/oauth/token"})

    async def _workflows(self, request: web.Request) -> web.Response:
        self._admit(request)
        limit, offset = _bounds(request)
        now = self.now
        flows = list(self.world.workflows.values())[offset : offset + limit]
        return answer([workflow(flow, self.world, now) for flow in flows])

    async def _workflow(self, request: web.Request) -> web.Response:
        return answer(workflow(self._flow(request), self.world, self.now))

    async def _list(self, request: web.Request) -> web.Response:
        flow, now = self._flow(request), self.now
        limit, offset = _bounds(request)
        if self.setting.quirks.sailpoint_ignores_limit:
            limit = MOST_ROWS
        limit = request.get(PAGE_SIZE, limit)
        runs = self.world.visible(now, flow.id)
        if text := request.query.get("filters", ""):
            try:
                test = read_filters(text)
            except FiltersError:
                raise _BAD_REQUEST from None
            runs = [run for run in runs if test(run.started_at, status(run, now))]
        runs.sort(key=lambda run: dice(run.id, 2**32))  # no order that means anything
        headers = {"X-Deprecated": "true"}
        if request.query.get("count") == "true" and request.match_info["version"] == "v3":
            headers["X-Total-Count"] = str(len(runs))
        return answer([execution(run, now) for run in runs[offset : offset + limit]], headers=headers)

    async def _get(self, request: web.Request) -> web.Response:
        run = self._run(request)
        if self.setting.quirks.sailpoint_list_only:
            raise _FORBIDDEN
        return answer(execution(run, self.now))

    async def _history(self, request: web.Request) -> web.Response:
        run = self._run(request)
        limit, offset = _bounds(request)
        return answer(events(run, self.world, self.now)[offset : offset + limit])

    async def _history_v2(self, request: web.Request) -> web.Response:
        run = self._run(request)
        return never(_NOT_FOUND) if request.match_info["version"] in _OLD else answer(self._newer(run))

    def _newer(self, run: Run) -> JSON:
        return history_v2(run, self.world, self.now)

    async def _cancel(self, request: web.Request) -> web.Response:
        run = self._run(request)
        if run.state(self.now).is_final:
            raise _BAD_REQUEST
        self.world.add(replace(run, ended_at=self.now, outcome=State.CANCELED))
        return web.Response(status=204)

    def _flow(self, request: web.Request) -> Workflow:
        self._admit(request)
        return self.world.workflows.get(request.match_info["workflow"]) or never(_NOT_FOUND)

    def _run(self, request: web.Request) -> Run:
        self._admit(request)
        return self.world.find(request.match_info["run"], self.now) or never(_NOT_FOUND)

    def _admit(self, request: web.Request) -> None:
        token = bearer(request)
        if not token:
            raise Refused(401, {"error": "JWT is required"})
        if not self._grants.honours(token):
            raise Refused(401, {"error": "JWT validation failed: JWT is expired"})
        self._limit(request.match_info["version"])

    def _limit(self, version: str) -> None:
        """Counted for the client, whatever its token, and for each version of the API."""
        if self.setting.limits and not self._window.takes(f"{CLIENT_ID}/{version}"):
            raise Refused(429, {"message": " Rate Limit Exceeded "}, {"Retry-After": "1"})


def _bounds(request: web.Request) -> tuple[int, int]:
    limit = whole_number(request.query.get("limit", str(MOST_ROWS)), _BAD_REQUEST)
    offset = whole_number(request.query.get("offset", "0"), _BAD_REQUEST)
    return (limit, offset) if limit <= MOST_ROWS else never(_BAD_REQUEST)


def _refusal(status: int, code: str, text: str, tracking: str = "b21b1f7ce4da4d639f2c62a57171b427") -> Refused:
    message = {"locale": "en-US", "localeOrigin": "DEFAULT", "text": text}
    return Refused(status, {"detailCode": code, "trackingId": tracking, "messages": [message]})


_SEMANTIC = "The request was syntactically correct but its content is semantically invalid."
_BAD_REQUEST = _refusal(400, "400.1 Bad Request Content", _SEMANTIC, "e7eab60924f64aa284175b9fa3309599")
_BAD_REQUEST.body["causes"] = _BAD_REQUEST.body["messages"]
_FORBIDDEN = _refusal(403, "403 Forbidden", "The server understood the request but refuses to authorize it.")
_NOT_FOUND = _refusal(404, "404 Not found", "The server did not find a current representation for the target resource.")
