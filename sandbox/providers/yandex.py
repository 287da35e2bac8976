"""Yandex Cloud Serverless Workflows, with the token exchange of IAM beside it.

Empty lists are `{}`, page tokens are good for the query they came from and no other, a filter is one predicate,
errors are google.rpc.Status.
"""

import re
from collections.abc import Callable, Iterable
from typing import ClassVar
from uuid import UUID

import msgspec
from aiohttp import web

from sandbox.answers import Refused, answer, whole_number
from sandbox.dice import dice
from sandbox.model import JSON, SECOND, Run, State
from sandbox.providers.base import PAGE_SIZE, Provider, Setting, Settings, bearer
from sandbox.providers.yandex_iam import DeniedError, Iam, key_file
from sandbox.providers.yandex_render import STATUS, drawing, entries, listed, whole, workflow
from sandbox.seal import BrokenSealError, Seal
from sandbox.stamps import instant, stamp
from sandbox.world import World

FOLDER = "b1g0000000000000000"
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000

_NOT_FOUND, _INVALID, _UNAUTHENTICATED, _FAILED_PRECONDITION = 5, 3, 16, 9
_HTTP = {_NOT_FOUND: 404, _INVALID: 400, _UNAUTHENTICATED: 401, _FAILED_PRECONDITION: 400, 12: 501}
_PREDICATE = re.compile(
    r"(status|started_at|finished_at)([=<>])([+:\.-a-z0-9]+)"
)  # the published class, read literally

Predicate = Callable[[Run, int], bool]


class Yandex(Provider):
    """The Yandex Workflows and IAM server."""

    name: ClassVar[str] = "yandex"
    source: ClassVar[str] = "flows"

    def __init__(self, world: World, setting: Setting) -> None:
        super().__init__(world, setting)
        self._iam = Iam(setting.wall)
        self._seal = Seal(f"yandex/{setting.seed}")

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Executions, workflows, tokens."""
        yield web.get("/workflows/v1/execution", self._list)
        yield web.get("/workflows/v1/execution/{id}", self._get)
        yield web.get("/workflows/v1/execution/{id}/history", self._history)
        yield web.post("/workflows/v1/execution/{id}/stop", self._stop)
        yield web.post("/workflows/v1/execution/{id}/terminate", self._stop)
        yield web.get("/workflows/v1/workflow", self._workflows)
        yield web.get("/workflows/v1/workflow/{id}", self._workflow)
        yield web.post("/iam/v1/tokens", self._token)

    def settings(self, url: str) -> Settings:
        """With a service account's key; the same host hands out the tokens."""
        return {
            "provider": self.name,
            "base_url": url,
            "iam_url": url,
            "folder_id": FOLDER,
            "service_account_key": key_file(),
            "requests_per_second": 50,
            "max_connections": 16,
        }

    def expire_tokens(self) -> None:
        """IAM tokens are refused from now on."""
        self._iam.expire()

    def lost(self, status: int) -> Refused:
        """No such path, or not with this method."""
        return _status(_NOT_FOUND if status == 404 else 12, "Not Found" if status == 404 else "Method not implemented.")

    async def _list(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        workflow_id = request.query.get("workflowId", "")
        if not workflow_id:
            raise _status(_INVALID, "Field workflow_id: value is required")
        if workflow_id not in self.world.workflows:
            raise _status(_NOT_FOUND, f"Workflow {workflow_id} not found")
        predicate = _predicate(request.query.get("filter", ""))

        def find(now: int) -> list[JSON]:
            runs = self._ordered(self.world.visible(now, workflow_id))
            return [run for run in runs if predicate(run, now)]

        runs, token = self._page(request, find)
        rows = [listed(run, self.now) for run in runs]
        return answer({"executions": rows, **self._next(workflow_id, token)} if rows else {})

    async def _get(self, request: web.Request) -> web.Response:
        return answer({"execution": whole(self._run(request), self.now, self.world.seed)})

    async def _history(self, request: web.Request) -> web.Response:
        run, now = self._run(request), self.now
        found = entries(run, self.world, now)
        return answer({"execution": listed(run, now), **({"entries": found} if found else {})})

    async def _stop(self, request: web.Request) -> web.Response:
        run = self._run(request)
        if run.state(self.now).is_final:
            raise _status(_FAILED_PRECONDITION, "The execution is over")
        self.world.add(msgspec.structs.replace(run, ended_at=self.now, outcome=State.CANCELED))
        return answer({})

    async def _workflows(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        folder = request.query.get("folderId", "")
        if not folder:
            raise _status(_INVALID, "Field folder_id: value is required")
        if folder != FOLDER:
            raise _status(7, "Permission denied")
        flows, token = self._page(request, lambda _: list(self.world.workflows.values()))
        rows = [workflow(flow, FOLDER) for flow in flows]
        return answer({"workflows": rows, **self._next(folder, token)} if rows else {})

    async def _workflow(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        flow = self.world.workflows.get(request.match_info["id"])
        if flow is None:
            raise _status(_NOT_FOUND, f"Workflow {request.match_info['id']} not found")
        return answer({"workflow": workflow(flow, FOLDER) | {"specification": {"specYaml": drawing(flow)}}})

    async def _token(self, request: web.Request) -> web.Response:
        try:
            proof = msgspec.json.decode(await request.read(), type=_Proof)
        except msgspec.DecodeError as broken:
            raise _status(_INVALID, f"The body cannot be read: {broken}") from None
        try:
            if proof.jwt is not None:
                token, until = self._iam.by_jwt(proof.jwt, f"{request.scheme}://{request.host}{request.path}")
            elif proof.yandexPassportOauthToken is not None:
                token, until = self._iam.by_oauth(proof.yandexPassportOauthToken)
            else:
                raise _status(_INVALID, "One of yandexPassportOauthToken, jwt is required")
        except DeniedError as denied:
            raise _status(_UNAUTHENTICATED, str(denied)) from None
        return answer({"iamToken": token, "expiresAt": stamp(int(until * SECOND), 9)})

    def _run(self, request: web.Request) -> Run:
        self._authenticate(request)
        run = self.world.find(request.match_info["id"], self.now)
        if run is None:
            raise _status(_NOT_FOUND, f"Execution {request.match_info['id']} not found")
        return run

    def _ordered(self, runs: list[Run]) -> list[Run]:
        """Newest first; with the quirk each third neighbour has changed places."""
        if self.setting.quirks.yandex_unsorted:
            for index in range(0, len(runs) - 1, 3):
                runs[index], runs[index + 1] = runs[index + 1], runs[index]
        return runs

    def _page(self, request: web.Request, find: Callable[[int], list[JSON]]) -> tuple[list[JSON], str]:
        """One page and the token of the next.

        A token stands for the list as it was when the first page was asked for.
        """
        wrong = _status(_INVALID, "Illegal argument page_size")
        size = min(whole_number(request.query.get("pageSize", "0"), wrong) or DEFAULT_PAGE, LARGEST_PAGE)
        size = request.get(PAGE_SIZE, size)
        query = sorted((name, value) for name, value in request.query.items() if name != "pageToken")
        offset, now = 0, self.now
        if token := request.query.get("pageToken", ""):
            try:
                bound, offset, now = self._seal.open(token)
            except BrokenSealError:
                bound = None
            if bound != [list(pair) for pair in query]:
                raise _status(_INVALID, "Illegal argument page_token")
        found = find(now)
        more = len(found) > offset + size
        return found[offset : offset + size], self._seal.close([query, offset + size, now]) if more else ""

    def _next(self, name: str, token: str) -> dict[str, JSON]:
        """At the end the token is empty for some lists, absent for others."""
        return {"nextPageToken": token} if token or dice(name, 2) else {}

    def _authenticate(self, request: web.Request) -> None:
        if not self._iam.honours(bearer(request)):
            raise _status(_UNAUTHENTICATED, "Token is invalid or has expired.")


class _Proof(msgspec.Struct):
    jwt: str | None = None
    yandexPassportOauthToken: str | None = None


def _predicate(text: str) -> Predicate:
    if not text:
        return lambda run, now: True
    match = _PREDICATE.fullmatch(text)
    if not match:
        raise _status(_INVALID, f"Illegal argument filter: {text}")
    field, operator, value = match.groups()
    if field == "status":
        if operator != "=" or value not in STATUS.values():
            raise _status(_INVALID, f"Illegal argument filter: {text}")
        return lambda run, now: STATUS[run.state(now)] == value
    try:
        limit = instant(value)
    except ValueError:
        raise _status(_INVALID, f"Illegal argument filter: {text}") from None

    def compare(run: Run, now: int) -> bool:
        moment = run.started_at if field == "started_at" else run.end(now)
        if moment is None:
            return False
        return moment == limit if operator == "=" else moment < limit if operator == "<" else moment > limit

    return compare


def _status(code: int, message: str) -> Refused:
    """A google.rpc.Status. Its request id is the same for the same error, which no client minds."""
    request_id = str(UUID(int=dice(message, 2**32) << 64 | code, version=4))
    detail = {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": request_id}
    return Refused(_HTTP.get(code, 403), {"code": code, "message": message, "details": [detail]})
