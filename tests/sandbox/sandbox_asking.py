"""What the sandbox's tests share: a clock to turn, a small world, a client with each provider's credentials."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import jwt
from msgspec.structs import replace

from sandbox import Run, Sandbox, StepPlan, Workflow, World
from sandbox.model import MINUTE, SECOND
from sandbox.providers.yandex_iam import AUDIENCE
from sandbox.stamps import instant

NOW = instant("2026-03-01T12:00:00Z")
STEPS = (StepPlan("fetch", "Fetch", "http"), StepPlan("notify", "Notify", "email"))


@dataclass
class Clocks:
    """Time that stands still until it is moved."""

    now: int = NOW
    wall: float = NOW / SECOND

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)
        self.wall += seconds


@dataclass
class Reply:
    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Ask:
    """Requests to a sandbox, with the right credentials unless told otherwise."""

    sandbox: Sandbox
    session: aiohttp.ClientSession
    clocks: Clocks
    tokens: dict[str, str] = field(default_factory=dict)

    async def __call__(self, method: str, provider: str, path: str, **options: Any) -> Reply:
        url = path if path.startswith("http") else self.sandbox.url(provider) + path
        async with self.session.request(method, url, **options) as response:
            return Reply(response.status, await response.text(), response.headers)

    async def boomi(self, path: str, body: Any, **headers: str) -> Reply:
        """A POST below `/api/rest/v1/{account}`; a text is sent as text."""
        source = self.sandbox.sources["boomi-eu"]
        auth = aiohttp.encode_basic_auth(str(source["username"]), str(source["api_token"]))
        plain = isinstance(body, str)
        sent = {
            "Authorization": auth,
            "Accept": "application/json",
            "Content-Type": "text/plain" if plain else "application/json",
        } | headers
        data = body if plain else json.dumps(body)
        return await self("POST", "boomi", f"/api/rest/v1/{source['account_id']}{path}", data=data, headers=sent)

    async def records(self, expression: Any = None, *sort: tuple[str, str]) -> list[dict[str, Any]]:
        """All rows of an ExecutionRecord query, page after page."""
        config: dict[str, Any] = {} if expression is None else {"QueryFilter": {"expression": expression}}
        if sort:
            config["QuerySort"] = {"sortField": [{"fieldName": name, "sortOrder": order} for name, order in sort]}
        page = (await self.boomi("/ExecutionRecord/query", config)).json
        rows: list[dict[str, Any]] = page.get("result", [])
        while token := page.get("queryToken"):
            page = (await self.boomi("/ExecutionRecord/queryMore", token)).json
            rows += page["result"]
        return rows

    async def spaces(self, query: str, **more: Any) -> Reply:
        source = self.sandbox.spaces_source
        auth = aiohttp.encode_basic_auth(str(source["username"]), str(source["api_token"]))
        if "boomi" not in self.tokens:
            path = f"/auth/jwt/generate/{source['account_id']}"
            self.tokens["boomi"] = (await self("GET", "boomi", path, headers={"Authorization": auth})).text
        headers = {"Authorization": f"Bearer {self.tokens['boomi']}", "SPACE_GUID": str(source["space_guid"])}
        headers |= more.pop("headers", {})
        return await self("POST", "boomi", "/graphql", json={"query": query, **more}, headers=headers)

    async def yandex(self, path: str, **params: Any) -> Reply:
        """A GET below `/workflows/v1`."""
        if "yandex" not in self.tokens:
            reply = await self("POST", "yandex", "/iam/v1/tokens", json={"jwt": self.signed()})
            self.tokens["yandex"] = reply.json["iamToken"]
        headers = {"Authorization": f"Bearer {self.tokens['yandex']}"}
        return await self("GET", "yandex", "/workflows/v1" + path, params=params, headers=headers)

    def signed(self, algorithm: str = "PS256", **changes: Any) -> str:
        """A JWT made with the service account's key."""
        key = json.loads(str(self.sandbox.sources["flows"]["service_account_key"]))
        claims = {
            "iss": key["service_account_id"],
            "aud": AUDIENCE,
            "iat": int(self.clocks.wall),
            "exp": int(self.clocks.wall) + 3600,
        }
        kid = changes.pop("kid", key["id"])
        return jwt.encode(claims | changes, key["private_key"], algorithm, headers={"kid": kid})

    async def arcee(self, path: str, token: str = "", **params: Any) -> Reply:
        source = self.sandbox.sources["llm"]
        headers = {"Authorization": f"Bearer {token or source['api_token']}"}
        return await self("GET", "arcee", f"{source['base_url']}{path}", params=params, headers=headers)

    async def informer(self, path: str, method: str = "GET", token: str = "", **params: Any) -> Reply:
        headers = {"Authorization": f"Bearer {token or self.sandbox.sources['reports']['api_token']}"}
        return await self(method, "informer", path, params=params, headers=headers)

    async def sailpoint(self, path: str, version: str = "/v2025", **params: Any) -> Reply:
        if "sailpoint" not in self.tokens:
            self.tokens["sailpoint"] = (await self.sailpoint_token()).json["access_token"]
        headers = {"Authorization": f"Bearer {self.tokens['sailpoint']}"}
        return await self("GET", "sailpoint", version + path, params=params, headers=headers)

    async def sailpoint_token(self, **changes: str) -> Reply:
        source = self.sandbox.sources["identity"]
        form = {
            "grant_type": "client_credentials",
            "client_id": source["client_id"],
            "client_secret": source["client_secret"],
        }
        return await self("POST", "sailpoint", "/oauth/token", data=form | changes)


@asynccontextmanager
async def asking(provider: str, *runs: Run, **options: Any) -> AsyncIterator[Ask]:
    """A sandbox of one provider with these runs of one workflow, «w», at NOW. With `generated=True`: its own data."""
    clocks = Clocks()
    options = {"limits": False, "runs_per_provider": 300} | options
    if not options.pop("generated", False):
        options.setdefault("worlds", {provider: small_world(*runs)})
    made = Sandbox(providers=[provider], now=lambda: clocks.now, wall=lambda: clocks.wall, **options)
    async with made as sandbox, aiohttp.ClientSession() as session:
        yield Ask(sandbox, session, clocks)


def small_world(*runs: Run) -> World:
    flow = Workflow(id="w", name="Orders", steps=STEPS, natural_id="sales:orders")
    return World([flow, Workflow(id="empty", name="Never run")], runs)


def some_run(id_: str = "r1", ago: float = 60, lasts: float | None = 10, **changes: Any) -> Run:
    """A run of «w» that started so many minutes ago and lasts so many seconds."""
    start = NOW - int(ago * MINUTE)
    ends = None if lasts is None else start + int(lasts * SECOND)
    return replace(Run(id=id_, workflow="w", started_at=start, ended_at=ends), **changes)
