"""Boomi's Platform REST: filters, order and pages over all processes together, and steps for many runs at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from msgspec import Raw
from msgspec.structs import replace

from connectors.batching import in_groups
from connectors.contract import Capabilities, ExecutionQuery, Filter, Page, Paging, Rate, StepList
from connectors.errors import ConnectorError, UnreadableError
from connectors.http.client import JSON, HttpClient, Request, Response, path, post
from connectors.listed import Unreadable
from connectors.providers.boomi.filters import any_of, filtered, query_config
from connectors.providers.boomi.records import (
    CONNECTOR,
    OWNER,
    PROCESS,
    RESULT,
    RUNS,
    WORDS,
    BoomiExecution,
    WireExecutionConnector,
    key_of,
    read_execution,
    read_step,
)
from connectors.providers.boomi.settings import RETENTION, BoomiSettings
from connectors.reading import body_of, decode, read_records
from connectors.steps import read_steps
from schema.identity import NativeId
from schema.model import Execution, ExecutionOrder, Workflow

IDS_PER_CALL = 50
RUNS_PER_CALL = 20
"Runs whose steps are asked for together; that `or` groups may name several is read from the grammar."
MAX_PAGES = 100
"Of one walk by tokens; a list that goes on for longer does not end."


@dataclass(frozen=True, slots=True)
class BoomiRest:
    """The connector."""

    name: str
    http: HttpClient
    settings: BoomiSettings
    provider: ClassVar[str] = BoomiExecution.provider
    capabilities: ClassVar[Capabilities] = Capabilities(
        paging=Paging.TOKEN,
        page_size=100,
        partitioned=False,
        statuses=WORDS.statuses,
        pushes_down=frozenset(Filter),
        orders=frozenset(ExecutionOrder),
        order_promised=True,
        steps_per_call=RUNS_PER_CALL,
        retention=RETENTION,
        # 10 in a second is published, 5 in older texts
        rate=Rate(5, 1),
        rate_is_published=True,
    )

    async def workflows(self) -> Sequence[Workflow]:
        """All processes of the account, or the named ones."""
        named = self.settings.workflow_ids
        config = {} if named is None else filtered(any_of("id", named))
        records = [] if named == () else await self._all("Process", config)
        wires = [decode(PROCESS, record, "Process") for record in records]
        return [Workflow(source=self.name, provider=self.provider, native_id=wire.id, name=wire.name) for wire in wires]

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page over all processes, in the order asked for."""
        if query.workflow_ids is not None and not query.workflow_ids:
            return Page(executions=(), next_cursor=None)  # an empty `or` says nothing
        if cursor is None:
            response = await self._query("ExecutionRecord", query_config(query))
        else:
            response = await self._more("ExecutionRecord", cursor)
        page, runs, bad = RUNS.read(response, "ExecutionRecord", key_of, self._read)
        return Page(executions=runs, unreadable=bad, next_cursor=page.query_token or None)

    def _read(self, record: Raw) -> BoomiExecution:
        return read_execution(record, self.name)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """Many runs a call."""

        async def fetch(keys: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
            wanted = {key.execution: key for key in keys}
            records = await self._all("ExecutionRecord", filtered(any_of("executionId", wanted)))
            runs, bad = read_records(records, self._read, "executionId")
            found: dict[NativeId, Execution | ConnectorError] = {}
            for run in runs:
                if run.native_id in wanted:
                    found[wanted[run.native_id]] = run
            for record in bad:
                if record.native_id in wanted:
                    found[wanted[record.native_id]] = UnreadableError(record.reason)
            return found

        return await in_groups(ids, IDS_PER_CALL, lambda key: key, fetch)

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """The steps of many runs a call."""

        async def fetch(some: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
            wanted = dict.fromkeys(run.native_id for run in some)
            records = await self._all("ExecutionConnector", filtered(any_of("executionId", wanted)))
            try:
                return _step_lists(some, records)
            except (UnreadableError, ValueError, ArithmeticError):
                return _run_by_run(some, records)

        return await in_groups(runs, RUNS_PER_CALL, lambda run: run.key, fetch)

    async def _all(self, kind: str, config: Mapping[str, Any]) -> list[Raw]:
        """Every record that a query finds, page after page."""
        page = body_of(await self._query(kind, config), RESULT, kind)
        records, tokens = list(page.result), set[str]()
        while page.query_token:
            if page.query_token in tokens or len(tokens) >= MAX_PAGES:
                raise UnreadableError(f"{kind}: the pages do not end")
            tokens.add(page.query_token)
            page = body_of(await self._more(kind, page.query_token), RESULT, kind)
            records += page.result
        return records

    async def _query(self, kind: str, config: Mapping[str, Any]) -> Response:
        return await self._ask(post(self._path(kind, "query"), config))

    async def _more(self, kind: str, token: str) -> Response:
        headers = (("Accept", JSON), ("Content-Type", "text/plain"))
        where = self._path(kind, "queryMore")
        return await self._ask(Request(method="POST", path=where, headers=headers, body=token.encode()))

    def _path(self, kind: str, operation: str) -> str:
        override = self.settings.override_account_id
        start = "/api/rest/v1/{}" if override is None else "/partner/api/rest/v1/{}"
        return path(f"{start}/{kind}/{operation}", self.settings.account_id)

    async def _ask(self, request: Request) -> Response:
        if self.settings.override_account_id is not None:
            request = replace(request, params=(("overrideAccount", self.settings.override_account_id),))
        return await self.http.send(request)


def _step_lists(runs: Sequence[Execution], records: Sequence[Raw]) -> Mapping[NativeId, StepList]:
    """The steps of each, decoded all at once, if all can be read."""
    of: dict[str, list[tuple[WireExecutionConnector, Raw]]] = {run.native_id: [] for run in runs}
    for wire, record in zip(CONNECTOR.all(records), records, strict=True):
        if (steps := of.get(wire.execution_id)) is not None:
            steps.append((wire, record))
    return {
        run.key: StepList(steps=tuple([read_step(run, wire, record) for wire, record in of[run.native_id]]))
        for run in runs
    }


def _run_by_run(runs: Sequence[Execution], records: Sequence[Raw]) -> Mapping[NativeId, StepList]:
    """The steps of each that can be read. Those of whom it is not known whose they are, any run may lack."""
    of: dict[str, list[Raw]] = {run.native_id: [] for run in runs}
    lost: list[Unreadable] = []
    for record in records:
        try:
            owner = OWNER.one(record).execution_id
        except UnreadableError as error:
            lost.append(Unreadable(native_id=None, reason=error.message))
        else:
            if owner in of:
                of[owner].append(record)
    found: dict[NativeId, StepList] = {}
    for run in runs:
        steps, bad = read_steps(of[run.native_id], CONNECTOR, partial(read_step, run))
        found[run.key] = StepList(steps=steps, unreadable=(*bad, *lost))
    return found
