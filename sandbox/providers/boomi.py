"""Boomi: the Platform REST API, and the Spaces GraphQL beside it.

The two share host and records here. Over its limit REST answers 503, GraphQL 429; three shapes of error body take
turns.
"""

from base64 import b64decode
from collections.abc import Iterable
from itertools import count
from typing import ClassVar

import jwt
import msgspec
from aiohttp import web

from sandbox.answers import Refused, answer
from sandbox.grants import Grants
from sandbox.limits import Window
from sandbox.model import JSON, State
from sandbox.providers.base import PAGE_SIZE, Provider, Setting, Settings, bearer
from sandbox.providers.boomi_filter import FilterError
from sandbox.providers.boomi_query import OBJECTS, PAGE, Query
from sandbox.providers.boomi_rows import Rows
from sandbox.providers.boomi_spaces import Spaces, error
from sandbox.providers.boomi_xml import to_xml
from sandbox.seal import BrokenSealError, Seal
from sandbox.world import World

ACCOUNT = "account-123456"
USERNAME = "BOOMI_TOKEN.ops@example.com"
API_TOKEN = "sandbox-boomi-token"  # noqa: S105  (a sandbox keeps no secrets)
SPACE = "5f0c2b1e-0000-4000-8000-00000000cafe"
JWT_LIFE = 300  # seconds
PER_SECOND = 10

_SIGNING_KEY = "sandbox" * 10


class Boomi(Provider):
    """The Boomi server."""

    name: ClassVar[str] = "boomi"
    source: ClassVar[str] = "boomi-eu"

    def __init__(self, world: World, setting: Setting) -> None:
        super().__init__(world, setting)
        self._seal = Seal(f"boomi/{setting.seed}", length=2000)
        self._grants = Grants(setting.wall)
        self._rest = Window(PER_SECOND, 1, setting.wall)
        self._graphql = Window(PER_SECOND, 1, setting.wall)
        self._spaces = Spaces(lambda: Rows(self.world, ACCOUNT, self.now))
        self._numbers = count()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """REST under `/api/rest/v1/{account}`, the token call, and GraphQL."""
        rest = "/api/rest/v1/{account}"
        for kind in OBJECTS:
            yield web.post(f"{rest}/{kind}/query", self._query)
            yield web.post(f"{rest}/{kind}/queryMore", self._query_more)
        yield web.post(rest + "/cancelExecution/{execution}", self._cancel)
        yield web.get("/auth/jwt/generate/{account}", self._jwt)
        yield web.post("/graphql", self._run_graphql)

    def settings(self, url: str) -> Settings:
        """Over REST."""
        return {
            "provider": self.name,
            "base_url": url,
            "account_id": ACCOUNT,
            "username": USERNAME,
            "api_token": API_TOKEN,
        }

    def spaces_settings(self, url: str) -> Settings:
        """Over GraphQL, which lists no workflows by itself."""
        return {
            **self.settings(url),
            "mode": "spaces",
            "graphql_url": f"{url}/graphql",
            "space_guid": SPACE,
            "workflow_ids": list(self.world.workflows),
        }

    def expire_tokens(self) -> None:
        """JWTs are refused from now on; the API token never expires."""
        self._grants.expire()

    def lost(self, status: int) -> Refused:
        """No such path or object."""
        return Refused(status, {"@type": "Error", "message": "The requested resource is not available."})

    def refusal(self, request: web.Request, refused: Refused) -> web.Response:
        """As XML when JSON was not asked for; GraphQL knows only JSON."""
        if request.path.startswith("/api/") and not _wants_json(request):
            return _xml(refused.body, refused.status)
        return super().refusal(request, refused)

    async def _query(self, request: web.Request) -> web.Response:
        self._admit(request)
        kind = request.path.split("/")[-2]
        if request.content_type != "application/json":
            raise _bad("The body of a query is JSON")
        try:
            config = msgspec.json.decode(await request.read())
        except msgspec.DecodeError as broken:
            raise _bad(f"The body is not JSON: {broken}") from None
        return self._page(request, kind, config, 0, self.now)

    async def _query_more(self, request: web.Request) -> web.Response:
        self._admit(request)
        kind = request.path.split("/")[-2]
        if request.content_type != "text/plain":
            raise _bad("The body of queryMore is the token, as text/plain")
        try:
            bound, config, offset, now = self._seal.open(await request.text())
        except BrokenSealError:
            bound, config, offset, now = "", {}, 0, 0
        if bound != kind:
            raise _bad("The query token is not valid")
        return self._page(request, kind, config, offset, now)

    def _page(self, request: web.Request, kind: str, config: JSON, offset: int, now: int) -> web.Response:
        try:
            query = Query.read(kind, config)
        except FilterError as wrong:
            raise _bad(f"Invalid query: {wrong}") from None
        size = request.get(PAGE_SIZE, PAGE)
        found, more = query.page(Rows(self.world, ACCOUNT, now), offset, size)
        body: dict[str, JSON] = {"@type": "QueryResult"}
        if found:
            body["result"] = found
        if more:
            body["queryToken"] = self._seal.close([kind, config, offset + size, now])
        body["numberOfResults"] = len(found)
        return answer(body) if _wants_json(request) else _xml(body, 200)

    async def _cancel(self, request: web.Request) -> web.Response:
        self._admit(request)
        run = self.world.find(request.match_info["execution"], self.now)
        if run is None or run.state(self.now).is_final:
            raise _bad("The execution is not running in this account")
        self.world.add(msgspec.structs.replace(run, ended_at=self.now, outcome=State.CANCELED))
        return answer({"message": "Operation completed successfully."}, 202)

    async def _jwt(self, request: web.Request) -> web.Response:
        """A JWT, as bare text."""
        self._authenticate(request)
        claims = {
            "sub": USERNAME,
            "account": ACCOUNT,
            "jti": next(self._numbers),
            "exp": self.setting.wall() + JWT_LIFE,
        }
        token = jwt.encode(claims, _SIGNING_KEY, "HS256", sort_headers=True)
        return answer(self._grants.issue(token, JWT_LIFE))

    async def _run_graphql(self, request: web.Request) -> web.Response:
        authorization = request.headers.get("Authorization", "")
        if authorization and not bearer(request):
            return answer(error("INVALID_AUTH_METHOD", "Only bearer tokens are taken"))
        if not self._grants.honours(bearer(request)):
            return answer(error("UNAUTHORIZED", "The token is missing, wrong or expired"), 401)
        if self.setting.limits and not self._graphql.takes(ACCOUNT):
            return answer({"errors": [{"message": "Too many requests"}]}, 429)
        if request.headers.get("SPACE_GUID") != SPACE:
            return answer(error("SPACE_NOT_FOUND", "Space not found"))
        try:
            asked = msgspec.json.decode(await request.read(), type=_Asked)
        except msgspec.DecodeError:
            return answer({"errors": [{"message": "The body is not a GraphQL request"}]}, 400)
        return answer(self._spaces.run(asked.query, asked.variables, asked.operationName))

    def _admit(self, request: web.Request) -> None:
        self._authenticate(request)
        if self.setting.limits and not self._rest.takes(ACCOUNT):
            raise Refused(503, {"error": {"message": "Service temporarily unavailable: too many requests"}})

    def _authenticate(self, request: web.Request) -> None:
        kind, _, pair = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic" or _decoded(pair) != f"{USERNAME}:{API_TOKEN}":
            raise Refused(401, {"message": "Unauthorized"}, {"WWW-Authenticate": 'Basic realm="Boomi"'})
        if request.match_info["account"] != ACCOUNT:
            raise Refused(403, {"message": "The user has no access to this account"})


class _Asked(msgspec.Struct):
    query: str
    variables: dict[str, JSON] | None = None
    operationName: str | None = None


def _bad(message: str) -> Refused:
    return Refused(400, {"@type": "Error", "message": message})


def _decoded(pair: str) -> str:
    try:
        return b64decode(pair, validate=True).decode()
    except ValueError:
        return ""


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _xml(body: JSON, status: int) -> web.Response:
    return web.Response(text=to_xml(body), status=status, content_type="application/xml")
