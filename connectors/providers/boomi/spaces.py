"""Boomi's Spaces GraphQL: the runs of one process in one state since one time, without pages, order or steps.

A list is read whole, with all states asked for in one request by aliases.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from connectors.batching import one_by_one
from connectors.contract import EVER, Capabilities, ExecutionQuery, Filter, Page, Paging, Range, Rate, StepList
from connectors.errors import (
    ConnectorError,
    ForbiddenError,
    MissingError,
    RefusedError,
    UnreachableError,
    UnreadableError,
    UnsupportedError,
)
from connectors.http.auth import Secret, Token
from connectors.http.client import HttpClient, Response, get, path, post
from connectors.providers.boomi.filters import PUSHED
from connectors.providers.boomi.records import BoomiExecution, read_execution
from connectors.providers.boomi.settings import RETENTION, BoomiSettings
from connectors.reading import body_of, read_records
from schema.identity import NativeId
from schema.instant import SECOND, Instant
from schema.model import Execution, ExecutionStatus, Workflow

JWT_LIVES = 300.0  # seconds
WORDS = ("ABORTED", "COMPLETE", "COMPLETE_WARN", "DISCARDED", "ERROR", "INPROCESS", "STARTED")
"The only states that Spaces knows."
FIELDS = """executionId originalExecutionId account executionTime status executionType processName atomName atomId
 inboundDocumentCount inboundErrorDocumentCount outboundDocumentCount executionDuration message inboundDocumentSize
 outboundDocumentSize"""
DAY_OF_ID = re.compile(r".*-(\d{4})\.(\d\d)\.(\d\d)", flags=re.ASCII)
DAY = 86_400 * SECOND
JWT = re.compile(r"[\w=-]+\.[\w=-]+\.[\w=-]*", flags=re.ASCII)

KINDS: dict[str, type[ConnectorError]] = {
    "UNAUTHORIZED": RefusedError,
    "INVALID_AUTH_METHOD": RefusedError,
    "FORBIDDEN": ForbiddenError,
    "SPACE_NOT_FOUND": MissingError,
    "PLATFORM_CALL_ERROR": UnreachableError,
    "GENERIC_SYSTEM_ERROR": UnreachableError,
    "INTERNAL_ERROR": UnreachableError,
}


class WireExtensions(Struct):
    """Of a GraphQL error."""

    code: str = ""


class WireProblem(Struct):
    """A GraphQL error."""

    message: str = ""
    extensions: WireExtensions = msgspec.field(default_factory=WireExtensions)


class WireAnswer(Struct):
    """A GraphQL answer: a list of records for each alias."""

    data: dict[str, list[Raw] | None] | None = None


class WireErrors(Struct):
    """What went wrong: an answer with an error in one part is none, as runs would be missing."""

    errors: list[WireProblem] = []


ANSWER = msgspec.json.Decoder(WireAnswer)
ERRORS = msgspec.json.Decoder(WireErrors)


def check_errors(response: Response) -> None:
    """Raises what a GraphQL error says, whose status is 200.

    Raises:
        ConnectorError: By its code.
    """
    for problem in body_of(response, ERRORS, "Spaces").errors:
        kind = KINDS.get(problem.extensions.code, UnsupportedError)
        raise kind(f"Spaces: {problem.extensions.code or 'error'}: {' '.join(problem.message.split())[:200]}")


def document(words: Sequence[str]) -> str:
    """The request: one aliased field for each state."""
    fields = "".join(
        f" {word}: executionHistory(input: {{processId: $process, executionTime: $since, status: {word}}}) {{{FIELDS}}}"
        for word in words
    )
    return f"query executionHistory($process: ID!, $since: DateTime!) {{{fields} }}"


def words_for(query: ExecutionQuery) -> list[str]:
    """The states to ask for: those that Spaces knows of the ones wanted."""
    if query.statuses is None:
        return list(WORDS)
    wanted = {word for status in query.statuses for word in PUSHED.get(status, ())}
    return [word for word in WORDS if word in wanted]


def since_day_of(execution_id: str) -> Range:
    """From the day before the one that an id ends in, as that may be counted in any zone; without one, since ever."""
    day = DAY_OF_ID.fullmatch(execution_id)
    try:
        return EVER if day is None else Range(Instant.parse(f"{day[1]}-{day[2]}-{day[3]}T00:00:00Z").ns - DAY)
    except ValueError:  # no such day
        return EVER


@dataclass(frozen=True, slots=True)
class JwtExchange:
    """Fetches a JWT for the Basic pair; it lives for five minutes."""

    http: HttpClient
    account_id: str

    async def __call__(self) -> Token:
        """A new token."""
        response = await self.http.send(get(path("/auth/jwt/generate/{}", self.account_id), accept="*/*"))
        text = response.body.decode("utf-8", "replace").strip().strip('"')
        if JWT.fullmatch(text) is None:
            raise UnreadableError("the answer to the request for a token is not a JWT")
        return Token(Secret(text), JWT_LIVES)


@dataclass(frozen=True, slots=True)
class BoomiSpaces:
    """The connector."""

    name: str
    http: HttpClient
    settings: BoomiSettings
    now: Callable[[], int] = time.time_ns
    provider: ClassVar[str] = BoomiExecution.provider
    capabilities: ClassVar[Capabilities] = Capabilities(
        paging=Paging.NONE,
        page_size=1000,
        statuses=frozenset(
            status for status, words in PUSHED.items() if status is not ExecutionStatus.QUEUED and words
        ),
        pushes_down=frozenset({Filter.STATUSES, Filter.STARTED_FROM}),
        retention=RETENTION,
        rate=Rate(5, 1),
    )

    async def workflows(self) -> Sequence[Workflow]:
        """The processes of the settings. Their names come with their runs."""
        return [
            Workflow(source=self.name, provider=self.provider, native_id=process)
            for process in self.settings.workflow_ids or ()
        ]

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """All runs of a process since the start asked for, at most as far back as Boomi keeps them."""
        words = words_for(query)
        if not words:
            return Page(executions=(), next_cursor=None)
        oldest = self.now() - int(RETENTION.total_seconds() + 86_400) * SECOND
        since = oldest if query.started.start is None else query.started.start
        variables = {"process": partition, "since": Instant.of(since // SECOND * SECOND).text}
        request = replace(post("", {"query": document(words), "variables": variables}), check=check_errors)
        answer = body_of(await self.http.send(request), ANSWER, "Spaces")
        records = [record for word in words for record in (answer.data or {}).get(word) or ()]
        runs, bad = read_records(records, lambda record: read_execution(record, self.name, partition), "executionId")
        return Page(executions=runs, unreadable=bad, next_cursor=None)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """There is no look-up: the list of the run's process since the day in its id is searched."""

        async def get_one(key: NativeId) -> Execution | None:
            page = await self.list_executions(key.workflow, ExecutionQuery(started=since_day_of(key.execution)), None)
            found = next((row.read() for row in page.rows() if row.key.execution == key.execution), None)
            return found if isinstance(found, Execution) else None

        return await one_by_one(ids, get_one)

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """Spaces tells nothing of steps."""
        return {run.key: UnsupportedError('Spaces tells no steps; mode = "rest" does') for run in runs}
