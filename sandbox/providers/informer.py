"""Entrinsik Informer: HAL lists with a true total, runs without a status word, errors in the style of Hapi.

A job goes by its UUID or its natural id. A list shows the first progress entry of a run only, and that without
`status`; the run by itself shows all.
"""

from collections.abc import Callable, Iterable
from typing import ClassVar

from aiohttp import web

from sandbox.answers import Refused, answer, never, whole_number
from sandbox.model import JSON, Run, State, Workflow
from sandbox.providers.base import PAGE_SIZE, Provider, Settings, bearer
from sandbox.providers.informer_render import created, flat_job, full_job, job, record, shortened

API_TOKEN = "sandbox-informer-token"  # noqa: S105  (a sandbox keeps no secrets)
READER_TOKEN = "sandbox-informer-reader"  # noqa: S105  (may read, has no job:edit)


class Informer(Provider):
    """The Informer server."""

    name: ClassVar[str] = "informer"
    source: ClassVar[str] = "reports"
    takes_ca_bundle: ClassVar[bool] = True

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Jobs and their history."""
        yield web.get("/api/jobs", self._jobs)
        yield web.get("/api/jobs-list", self._jobs_list)
        yield web.get("/api/jobs/{job}", self._job)
        yield web.get("/api/jobs/{job}/history", self._history)
        yield web.get("/api/jobs/{job}/history/{run}", self._get)
        yield web.delete("/api/jobs/{job}/history/{run}", self._delete)

    def settings(self, url: str) -> Settings:
        """With a token that never expires."""
        return {
            "provider": self.name,
            "base_url": url,
            "api_token": API_TOKEN,
            "requests_per_second": 50,
            "max_connections": 16,
        }

    def lost(self, status: int) -> Refused:
        """No such path; a method that is not there is a path that is not there."""
        del status
        return _NOT_FOUND

    async def _history(self, request: web.Request) -> web.Response:
        flow = self._flow(request)
        now, late = self.now, self.setting.quirks.informer_late_records
        sort = request.query.get("sort", "-createdAt")
        if sort.removeprefix("-") != "createdAt":
            raise _BAD_QUERY
        runs = self.world.visible(now, flow.id)
        if late:
            runs.sort(key=lambda run: (created(run, late), run.id), reverse=True)
        rows = runs if sort.startswith("-") else runs[::-1]
        link = {"href": "/api/jobs/{id}/history"}  # with the braces, as documented
        return _hal(
            request, "inf:job-history", link, rows, lambda run: shortened(record(run, flow, self.world, now, late))
        )

    async def _get(self, request: web.Request) -> web.Response:
        flow = self._flow(request)
        run = self._run(request, flow)
        return answer(record(run, flow, self.world, self.now, self.setting.quirks.informer_late_records))

    async def _delete(self, request: web.Request) -> web.Response:
        flow = self._flow(request)
        if bearer(request) != API_TOKEN:
            raise _hapi(403, "Forbidden", "Insufficient permissions: job:edit")
        self.world.delete(self._run(request, flow).id)
        return web.Response(status=204)

    async def _jobs(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        sort, wanted = request.query.get("sort", "name"), request.query.get("q", "").lower()
        key = {"name": lambda flow: flow.name.lower(), "createdAt": lambda flow: flow.created_at}.get(
            sort.removeprefix("-")
        ) or never(_BAD_QUERY)
        flows = [flow for flow in self.world.workflows.values() if wanted in flow.name.lower()]
        flows.sort(key=key, reverse=sort.startswith("-"))
        link = {"href": "/api/jobs{?sort,limit,start,q}", "templated": True}
        return _hal(request, "inf:job", link, flows, lambda flow: job(flow, self._locked(flow)))

    async def _jobs_list(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        return answer([flat_job(flow) for flow in self.world.workflows.values()])

    async def _job(self, request: web.Request) -> web.Response:
        flow = self._flow(request)
        return answer(full_job(flow, self._locked(flow)))

    def _locked(self, flow: Workflow) -> int | None:
        """Since when a job is busy with a run."""
        now = self.now
        running = (run for run in self.world.visible(now, flow.id)[:50] if run.state(now) is State.RUNNING)
        return max((run.started_at for run in running), default=None)

    def _flow(self, request: web.Request) -> Workflow:
        self._authenticate(request)
        name = request.match_info["job"]
        flows = self.world.workflows
        by_natural_id = (flow for flow in flows.values() if flow.natural_id == name and name)
        return flows.get(name) or next(by_natural_id, None) or never(_NOT_FOUND)

    def _run(self, request: web.Request, flow: Workflow) -> Run:
        run = self.world.find(request.match_info["run"], self.now)
        return run if run and run.workflow == flow.id else never(_NOT_FOUND)

    def _authenticate(self, request: web.Request) -> None:
        if bearer(request) not in (API_TOKEN, READER_TOKEN):
            raise _hapi(401, "Unauthorized", "Missing authentication")


def _hal(request: web.Request, name: str, link: JSON, rows: list[JSON], show: Callable[[JSON], JSON]) -> web.Response:
    """A page of a list. There is no `next` link."""
    limit = whole_number(request.query.get("limit", "30"), _BAD_QUERY, least=1)
    start = whole_number(request.query.get("start", "0"), _BAD_QUERY)
    limit = request.get(PAGE_SIZE, limit)
    page = [show(row) for row in rows[start : start + limit]]
    return answer(
        {"_links": {"self": link}, "_embedded": {name: page}, "start": start, "count": len(page), "total": len(rows)}
    )


def _hapi(status: int, error: str, message: str) -> Refused:
    return Refused(status, {"statusCode": status, "error": error, "message": message})


_BAD_QUERY = _hapi(400, "Bad Request", "Invalid request query input")
_NOT_FOUND = _hapi(404, "Not Found", "Not Found")
