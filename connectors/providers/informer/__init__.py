"""Entrinsik Informer. Source: its i5 developer documentation, «Run History» and «Jobs».

Each job has a list of its own, sorted by the server either way, by start and limit, with a true total and no filters.
There are no states: they follow from flags and from whether a second stamp is there. Steps lie in the record itself,
with their status only in the long form that `get` brings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from msgspec import Raw

from connectors.batching import one_by_one
from connectors.contract import Capabilities, ExecutionQuery, Page, Paging, Rate, StepList
from connectors.declaration import Opener, Provider, SourceSettings
from connectors.errors import ConnectorError, MissingError, RefusedError, UnreadableError
from connectors.http.auth import Secret, bearer
from connectors.http.client import HttpClient, Request, Response, get, path
from connectors.providers.informer.records import (
    JOBS,
    LIST,
    RECORD,
    STATUSES,
    InformerExecution,
    came_short,
    is_whole,
    key_of,
    read_history,
    read_problem,
    read_told,
)
from connectors.reading import body_of
from schema.identity import NativeId
from schema.model import Execution, ExecutionOrder, Workflow

HAL = "application/hal+json, application/json"
TO_LOGIN = frozenset({302, 303})


class InformerSettings(SourceSettings, frozen=True, kw_only=True):
    """One instance."""

    api_token: Secret
    ca_bundle: str | None = None
    "Path of a PEM file, for instances with certificates of their own."


@dataclass(frozen=True, slots=True)
class Informer:
    """The connector."""

    name: str
    http: HttpClient
    provider: ClassVar[str] = InformerExecution.provider
    capabilities: ClassVar[Capabilities] = Capabilities(
        paging=Paging.OFFSET,
        page_size=100,
        statuses=STATUSES,
        orders=frozenset(ExecutionOrder),
        # sorted by when the record was made, which is the start as a rule
        order_promised=False,
        # a list shows the record in a shorter form, which may lack the failing step
        fields_from_steps=frozenset({"error"}),
        steps_per_call=1,
        counts=True,
        deletes=True,
        rate=Rate(5, 1),
        max_connections=4,
    )

    async def workflows(self) -> Sequence[Workflow]:
        """All jobs that are visible to the token, each with its natural id as a further one."""
        jobs = body_of(await self._ask(get("/api/jobs-list")), JOBS, "jobs")
        return [
            Workflow(
                source=self.name,
                provider=self.provider,
                native_id=job.id,
                name=job.name,
                aliases=(job.natural_id,) if job.natural_id else (),
            )
            for job in jobs
        ]

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page of a job's runs. Where it ends is told by `total`: the server may give fewer rows than asked for."""
        limit, start = min(max(query.limit, 1), self.capabilities.page_size), int(cursor or 0)
        sort = "-createdAt" if query.order.is_descending else "createdAt"
        request = get(
            path("/api/jobs/{}/history", partition), {"sort": sort, "limit": limit, "start": start}, accept=HAL
        )
        page, runs, bad = LIST.read(await self._ask(request), "history", key_of, self._read)
        count = len(page.embedded.history)
        end = start + count
        return Page(
            executions=runs,
            unreadable=bad,
            next_cursor=str(end) if count and end < page.total else None,
            total=page.total,
        )

    def _read(self, record: Raw) -> InformerExecution:
        return read_history(record, self.name)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """One call a run."""
        return await one_by_one(ids, self._get)

    async def _get(self, key: NativeId) -> InformerExecution:
        return self._read(await self._record(key))

    async def _steps(self, key: NativeId) -> StepList:
        return read_told(await self._record(key), self.name)

    async def _record(self, key: NativeId) -> Raw:
        request = get(path("/api/jobs/{}/history/{}", key.workflow, key.execution), accept=HAL)
        return body_of(await self._ask(request), RECORD, "job history")

    async def _ask(self, request: Request) -> Response:
        """An answer that is no login page: one in its place means that the token was not accepted."""
        try:
            response = await self.http.send(request)
        except UnreadableError as error:
            if error.http_status not in TO_LOGIN:
                raise
            raise RefusedError("a login page: api_token is not accepted", http_status=error.http_status) from None
        if response.body[:200].lstrip().startswith(b"<"):
            raise RefusedError("a login page: api_token is not accepted", http_status=response.status)
        return response

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """None for runs that came in their long form, else one call a run."""
        told = {run.key: run.told for run in runs if isinstance(run, InformerExecution) and not came_short(run)}
        found: dict[NativeId, StepList | ConnectorError] = {key: one for key, one in told.items() if is_whole(one)}
        short = [run.key for run in runs if run.key not in found]
        return found | await one_by_one(short, self._steps)

    async def delete_execution(self, key: NativeId) -> bool:
        """Deletes one record, for good. Needs the right `job:edit`."""
        where = path("/api/jobs/{}/history/{}", key.workflow, key.execution)
        try:
            await self.http.send(Request(method="DELETE", path=where, is_read=False))
        except MissingError:
            return False
        return True


def connect(name: str, settings: InformerSettings, open_client: Opener) -> Informer:
    """A connector with an API token."""
    return Informer(
        name,
        open_client(
            settings.base_url, bearer(settings.api_token), read_error=read_problem, ca_bundle=settings.ca_bundle
        ),
    )


PROVIDER = Provider(
    name="informer",
    title="Entrinsik Informer",
    settings=InformerSettings,
    capabilities=Informer.capabilities,
    connect=connect,
)
