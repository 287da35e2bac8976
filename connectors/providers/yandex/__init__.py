"""Yandex Cloud Serverless Workflows. Source: its REST reference and the protos of `cloudapi`.

Each workflow has a list of its own, newest first as a rule. A list takes one filter predicate at most and leaves out
input, result and error, which `get` brings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import ClassVar
from uuid import uuid4

import msgspec
from msgspec import Raw

from connectors.batching import one_by_one
from connectors.contract import Capabilities, ExecutionQuery, Filter, Page, Paging, Rate, StepList
from connectors.declaration import Opener, Provider, SourceSettings
from connectors.errors import ConnectorError, UnreadableError, UnsupportedError
from connectors.http.auth import Credentials, Renewed, Secret, bearer
from connectors.http.client import HttpClient, Request, Response, get, path
from connectors.providers.yandex.iam import KEY, IamExchange
from connectors.providers.yandex.records import (
    ENTRY,
    GOT,
    HISTORY,
    LIST,
    RUN_WORDS,
    WORKFLOW,
    WORKFLOWS,
    WireWorkflow,
    YandexExecution,
    key_of,
    read_execution,
    read_status_body,
    read_step,
)
from connectors.reading import body_of
from connectors.steps import read_steps
from schema.identity import NativeId
from schema.instant import SECOND, Instant
from schema.model import Execution, ExecutionOrder, ExecutionStatus, Workflow

BAD_REQUEST = 400
PUSHED = {
    ExecutionStatus.QUEUED: "QUEUED",
    ExecutionStatus.RUNNING: "RUNNING",
    ExecutionStatus.PAUSED: "PAUSED",
    ExecutionStatus.CANCELED: "STOPPED",
    ExecutionStatus.FAILED: "FAILED",
    ExecutionStatus.SUCCEEDED: "FINISHED",
}
FILTERED, UNFILTERED = "f:", "u:"
"Mark a page token by whether its list is read with the filter: it goes with the parameters that it was given for."


class YandexSettings(SourceSettings, frozen=True, kw_only=True):
    """One folder. One of the three credentials is needed."""

    base_url: str = "https://serverless-workflows.api.cloud.yandex.net"
    iam_url: str = "https://iam.api.cloud.yandex.net"
    folder_id: str | None = None
    service_account_key: Secret | None = None
    "An authorised key: the JSON that the console gives."
    oauth_token: Secret | None = None
    iam_token: Secret | None = None

    def problem(self) -> str | None:
        """Exactly one credential; a folder unless the workflows are named."""
        given = [self.service_account_key, self.oauth_token, self.iam_token]
        if sum(one is not None for one in given) != 1:
            return "one of service_account_key, oauth_token and iam_token is needed"
        if self.folder_id is None and self.workflow_ids is None:
            return "folder_id is needed, or workflow_ids"
        if self.service_account_key is not None:
            try:
                KEY.decode(self.service_account_key.reveal())
            except msgspec.MsgspecError:
                return "service_account_key is not the JSON of an authorised key"
        return None


def filter_for(query: ExecutionQuery) -> str | None:
    """The one predicate that a list takes: a bound of time if there is one, else a single status.

    `>` is strict and there is no `>=`: a second is taken off, and the rows are checked again anyway.
    """
    if query.started.end is not None:
        return f"started_at<{Instant.of(query.started.end).text}"
    if query.started.start is not None:
        return f"started_at>{Instant.of(query.started.start - SECOND).text}"
    if query.statuses is not None and len(query.statuses) == 1:
        (status,) = query.statuses
        if status in PUSHED:
            return f"status={PUSHED[status]}"
    return None


def request_ids() -> Iterator[str]:
    """UUIDs that differ in their last twelve digits; the others are random."""
    head = str(uuid4())[:-12]
    return (f"{head}{at:012x}" for at in count())


@dataclass(frozen=True, slots=True)
class Yandex:
    """The connector."""

    name: str
    http: HttpClient
    settings: YandexSettings
    request_ids: Iterator[str] = field(default_factory=request_ids, repr=False)
    provider: ClassVar[str] = YandexExecution.provider
    capabilities: ClassVar[Capabilities] = Capabilities(
        paging=Paging.TOKEN,
        page_size=100,
        statuses=RUN_WORDS.statuses,
        pushes_down=frozenset({Filter.STATUSES, Filter.STARTED_FROM, Filter.STARTED_TO}),
        orders=frozenset({ExecutionOrder.STARTED_AT_DESC}),
        order_promised=False,
        has_input=True,
        has_output=True,
        has_step_times=True,
        fields_from_detail=frozenset({"input", "output", "error"}),
        rate=Rate(10, 1),
    )

    async def workflows(self) -> Sequence[Workflow]:
        """The folder's workflows, or the named ones."""
        if self.settings.folder_id is None:
            got = await one_by_one(self.settings.workflow_ids or (), self._workflow)
            # one whose name cannot be had is there all the same
            return [flow if isinstance(flow, Workflow) else self._unnamed(key) for key, flow in got.items()]
        found: list[Workflow] = []
        token: str | None = None
        while token != "":
            response = await self._ask(
                get(
                    "/workflows/v1/workflow", {"folderId": self.settings.folder_id, "pageSize": 100, "pageToken": token}
                )
            )
            page = body_of(response, WORKFLOWS, "workflows")
            found += [self._named(flow) for flow in page.workflows]
            if page.next_page_token == token:
                raise UnreadableError("workflows: the page token repeats")
            token = page.next_page_token
        return found

    async def _workflow(self, workflow_id: str) -> Workflow:
        response = await self._ask(get(path("/workflows/v1/workflow/{}", workflow_id)))
        return self._named(body_of(response, WORKFLOW, "workflow"))

    def _named(self, wire: WireWorkflow) -> Workflow:
        return Workflow(source=self.name, provider=self.provider, native_id=wire.id, name=wire.name or wire.id)

    def _unnamed(self, workflow_id: str) -> Workflow:
        return Workflow(source=self.name, provider=self.provider, native_id=workflow_id)

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page of a workflow's runs. A filter that the service does not take is left out, for all pages."""
        size = min(max(query.limit, 1), self.capabilities.page_size)
        predicate = None if cursor is not None and cursor.startswith(UNFILTERED) else filter_for(query)
        token = None if cursor is None else cursor[len(FILTERED) :]
        params: dict[str, str | int | None] = {"workflowId": partition, "pageSize": size, "pageToken": token}
        try:
            response = await self._ask(get("/workflows/v1/execution", params | {"filter": predicate}))
        except UnsupportedError as error:
            if error.http_status != BAD_REQUEST or predicate is None or cursor is not None:
                raise
            predicate = None
            response = await self._ask(get("/workflows/v1/execution", params))
        page, runs, bad = LIST.read(response, "executions", key_of, self._read)
        mark = UNFILTERED if predicate is None else FILTERED
        return Page(
            executions=runs, unreadable=bad, next_cursor=mark + page.next_page_token if page.next_page_token else None
        )

    def _read(self, record: Raw) -> YandexExecution:
        return read_execution(record, self.name)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """One call a run."""
        return await one_by_one(ids, self._get)

    async def _get(self, key: NativeId) -> Execution:
        response = await self._ask(get(path("/workflows/v1/execution/{}", key.execution)))
        return self._read(body_of(response, GOT, "execution").execution)

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """One call a run; a history has no pages."""
        return await one_by_one((run.key for run in runs), self._steps)

    async def _steps(self, key: NativeId) -> StepList:
        response = await self._ask(get(path("/workflows/v1/execution/{}/history", key.execution)))
        entries = body_of(response, HISTORY, "history").entries
        steps, bad = read_steps(entries, ENTRY, partial(read_step, self.name, key))
        return StepList(steps=steps, unreadable=bad)

    async def _ask(self, request: Request) -> Response:
        # support asks for this id; making a random one takes as long as half a layer
        return await self.http.send(request.with_headers({"x-client-request-id": next(self.request_ids)}))


def connect(name: str, settings: YandexSettings, open_client: Opener) -> Yandex:
    """A connector with IAM tokens renewed as needed."""
    if settings.iam_token is not None:
        credentials: Credentials = bearer(settings.iam_token)
    else:
        iam = open_client(settings.iam_url, read_error=read_status_body)
        credentials = Renewed(IamExchange(iam, settings.oauth_token, settings.service_account_key))
    return Yandex(name, open_client(settings.base_url, credentials, read_error=read_status_body), settings)


PROVIDER = Provider(
    name="yandex",
    title="Yandex Workflows",
    settings=YandexSettings,
    capabilities=Yandex.capabilities,
    connect=connect,
)
