"""SailPoint Identity Security Cloud, Workflows. Source: its API specifications and the page «List Workflow Executions».

Each workflow has a list of its own, in no promised order, so it is read in windows of time and sorted by the caller.
The listing is deprecated since July 2026 with no successor named; all that knows of it is in this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlencode

import msgspec
from msgspec import Raw, Struct

from connectors.batching import one_by_one
from connectors.contract import Capabilities, ExecutionQuery, Filter, Page, Paging, Rate, StepList
from connectors.declaration import Opener, Provider, SourceSettings
from connectors.errors import ConnectorError, UnreadableError
from connectors.http.auth import Renewed, Secret, Token
from connectors.http.client import JSON, HttpClient, Request, get, path
from connectors.http.status import ErrorBody
from connectors.lists import ListForm
from connectors.providers.sailpoint.events import fold
from connectors.reading import StatusWords, body_of, decode, decoded_or_none, instant
from schema.identity import NativeId
from schema.instant import Instant
from schema.model import Execution, ExecutionStatus, Workflow

PAGE_SIZE = 250
MAX_EVENT_PAGES = 40

WORDS = StatusWords("sailpoint", {
    "queued": ExecutionStatus.QUEUED,
    "executing": ExecutionStatus.RUNNING,  # live tenants send either word
    "running": ExecutionStatus.RUNNING,
    "completed": ExecutionStatus.SUCCEEDED,
    "failed": ExecutionStatus.FAILED,
    "canceled": ExecutionStatus.CANCELED,
})  # fmt: skip
PUSHED = {
    ExecutionStatus.SUCCEEDED: "Completed",
    ExecutionStatus.FAILED: "Failed",
    ExecutionStatus.CANCELED: "Canceled",
}


class SailPointExecution(Execution, frozen=True, kw_only=True):
    """`type SailPointExecution`."""

    provider: ClassVar[str] = "SAILPOINT"
    request_id: str | None = None


class WireExecution(Struct, rename="camel"):
    """A workflow execution."""

    id: str
    workflow_id: str
    request_id: str | None = None
    start_time: str | None = None
    close_time: str | None = None
    status: str | None = None


class WirePlace(Struct, rename="camel", gc=False):
    """What tells where a run stands in a list."""

    id: str
    workflow_id: str
    start_time: str | None = None


class WireWorkflow(Struct, rename="camel"):
    """A workflow, of which only this is read."""

    id: str
    name: str | None = None
    execution_count: int | None = None


class WireText(Struct):
    """One of an error's texts."""

    text: str = ""
    locale: str | None = None


class WireProblem(Struct, rename="camel"):
    """An error's body. 401 has `error` alone, 429 `message` alone."""

    tracking_id: str | None = None
    messages: list[WireText] = []
    error: str = ""
    message: str = ""


class WireToken(Struct):
    """An access token; seconds."""

    access_token: str
    expires_in: float = 749.0


EXECUTION = msgspec.json.Decoder(WireExecution)
LIST = ListForm(list[WirePlace], list[Raw], WirePlace, lambda page: page, lambda wire: wire.start_time)
RECORD = msgspec.json.Decoder(Raw)
RECORDS = msgspec.json.Decoder(list[Raw])
WORKFLOWS = msgspec.json.Decoder(list[WireWorkflow])
PROBLEM = msgspec.json.Decoder(WireProblem)
TOKEN = msgspec.json.Decoder(WireToken)


def key_of(wire: WirePlace) -> NativeId:
    """Which run it is."""
    return NativeId(wire.workflow_id, wire.id)


def read_execution(record: Raw, source: str) -> SailPointExecution:
    """One workflow execution. Its duration is computed: SailPoint sends none."""
    wire = decode(EXECUTION, record, "execution")
    return SailPointExecution(
        source=source,
        key=NativeId(wire.workflow_id, wire.id),
        status=WORDS(wire.status),
        raw_status=wire.status or "",
        started_at=instant(wire.start_time),
        ended_at=instant(wire.close_time),
        request_id=wire.request_id,
        raw=record,
    )


def read_problem(body: bytes) -> ErrorBody:
    """The English text if there is one, and the reference for support."""
    problem = decoded_or_none(PROBLEM, body)
    if problem is None:
        return ErrorBody()
    texts = sorted(problem.messages, key=lambda text: text.locale != "en-US")
    return ErrorBody(texts[0].text if texts else problem.error or problem.message, problem.tracking_id)


def filters_for(query: ExecutionQuery) -> str | None:
    """Bounds of the start, and one state if it is a final one: the spelling of the running ones is not safe.

    Only enum words and formatted times go in, never a caller's text. The filter is called `start_time`, the field
    `startTime`.
    """
    parts = []
    if query.started.start is not None:
        parts.append(f'start_time ge "{Instant.of(query.started.start).text}"')
    if query.started.end is not None:
        parts.append(f'start_time lt "{Instant.of(query.started.end).text}"')
    if query.statuses is not None and len(query.statuses) == 1:
        parts += [f'status eq "{PUSHED[status]}"' for status in query.statuses if status in PUSHED]
    return " and ".join(parts) or None


class SailPointSettings(SourceSettings, frozen=True, kw_only=True):
    """One tenant, with a personal access token."""

    token_url: str | None = None
    "Default: `/oauth/token` below `base_url`."
    api_version: str = "v2025"
    client_id: Secret
    client_secret: Secret


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth's grant of the same name. There is no refresh token: one asks again."""

    http: HttpClient
    settings: SailPointSettings

    async def __call__(self) -> Token:
        """A new token."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.settings.client_id.reveal(),
            "client_secret": self.settings.client_secret.reveal(),
        }
        headers = (("Accept", JSON), ("Content-Type", "application/x-www-form-urlencoded"))
        response = await self.http.send(Request(method="POST", path="", headers=headers, body=urlencode(form).encode()))
        wire = body_of(response, TOKEN, "token")
        return Token(Secret(wire.access_token), wire.expires_in)


@dataclass(frozen=True, slots=True)
class SailPoint:
    """The connector."""

    name: str
    http: HttpClient
    version: str
    provider: ClassVar[str] = SailPointExecution.provider
    capabilities: ClassVar[Capabilities] = Capabilities(
        paging=Paging.OFFSET,
        page_size=PAGE_SIZE,
        statuses=WORDS.statuses,
        pushes_down=frozenset({Filter.STATUSES, Filter.STARTED_FROM, Filter.STARTED_TO}),
        has_step_times=True,
        fields_from_steps=frozenset({"error"}),
        retention=timedelta(days=90),
        # 100 in 10 s for a client id: 20 at once and 8 a second stay below that in any 10 s
        rate=Rate(20, 2.5),
        rate_is_published=True,
    )

    async def workflows(self) -> Sequence[Workflow]:
        """All workflows of the tenant."""
        found: dict[str, Workflow] = {}
        offset = 0
        while True:
            request = get(f"/{self.version}/workflows", {"limit": PAGE_SIZE, "offset": offset})
            page = body_of(await self.http.send(request), WORKFLOWS, "workflows")
            known = len(found)
            for wire in page:
                found[wire.id] = self._workflow(wire)
            offset += len(page)
            if len(page) < PAGE_SIZE or len(found) == known:  # the last page, or one that repeats
                return list(found.values())

    def _workflow(self, wire: WireWorkflow) -> Workflow:
        return Workflow(
            source=self.name,
            provider=self.provider,
            native_id=wire.id,
            name=wire.name,
            run_count=wire.execution_count,
        )

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page of a workflow's runs, in no order. The server may ignore `limit`: what came is what counts."""
        offset = int(cursor or 0)
        params = {"limit": PAGE_SIZE, "offset": offset, "filters": filters_for(query)}
        response = await self.http.send(get(path(f"/{self.version}/workflows/{{}}/executions", partition), params))
        records, runs, bad = LIST.read(response, "executions", key_of, self._read)
        return Page(
            executions=runs,
            unreadable=bad,
            next_cursor=str(offset + len(records)) if len(records) >= PAGE_SIZE else None,
        )

    def _read(self, record: Raw) -> SailPointExecution:
        return read_execution(record, self.name)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """One call a run. Needs a higher right than listing does; some tenants answer by a list of one."""

        async def get_one(key: NativeId) -> Execution | None:
            response = await self.http.send(get(path(f"/{self.version}/workflow-executions/{{}}", key.execution)))
            record = body_of(response, RECORD, "execution")
            if bytes(record).lstrip().startswith(b"["):
                records = decode(RECORDS, record, "execution")
                return self._read(records[0]) if records else None
            return self._read(record)

        return await one_by_one(ids, get_one)

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """One call a run, more for runs with many events."""
        by_key = {run.key: run for run in runs}

        async def steps(key: NativeId) -> StepList:
            return fold(await self._events(key), by_key[key])

        return await one_by_one(by_key, steps)

    async def _events(self, key: NativeId) -> list[Raw]:
        """All events. Older tenants ignore `limit` and `offset` and give all at once, again and again."""
        where = path(f"/{self.version}/workflow-executions/{{}}/history", key.execution)
        events: list[Raw] = []
        for _ in range(MAX_EVENT_PAGES):
            response = await self.http.send(get(where, {"limit": PAGE_SIZE, "offset": len(events)}))
            page = body_of(response, RECORDS, "history")
            if events and page and bytes(page[0]) == bytes(events[0]):
                return events
            events += page
            if len(page) != PAGE_SIZE:
                return events
        raise UnreadableError("history: the pages do not end")


def connect(name: str, settings: SailPointSettings, open_client: Opener) -> SailPoint:
    """A connector with access tokens renewed as needed."""
    token_url = settings.token_url or f"{settings.base_url.rstrip('/')}/oauth/token"
    exchange = ClientCredentials(open_client(token_url, read_error=read_problem), settings)
    return SailPoint(
        name, open_client(settings.base_url, Renewed(exchange), read_error=read_problem), settings.api_version
    )


PROVIDER = Provider(
    name="sailpoint",
    title="SailPoint",
    settings=SailPointSettings,
    capabilities=SailPoint.capabilities,
    connect=connect,
)
