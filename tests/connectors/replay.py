"""A provider's side of HTTP for tests: sample files as answers, and a record of what was asked."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from connectors.contract import StepList
from connectors.errors import ConnectorError
from connectors.http.auth import Authorized, Credentials
from connectors.http.client import HttpClient, Request, Response
from connectors.http.status import ErrorBody, StatusChecked, no_body
from schema.identity import NativeId
from schema.instant import Instant
from schema.model import Execution, ExecutionStep

SAMPLES = Path(__file__).parent.parent / "samples"

Answer = str | Response | ConnectorError


class Replay:
    """Answers in the order given, or by one rule: a sample's name, an answer made here, or an error that is raised."""

    def __init__(self, *answers: Answer | Callable[[Request], Answer]) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self._answers[0]
        if callable(answer):
            answer = answer(request)
        else:
            self._answers.pop(0)
        if isinstance(answer, ConnectorError):
            raise answer
        return sample(answer) if isinstance(answer, str) else answer

    @property
    def request(self) -> Request:
        """The one request that was sent."""
        (request,) = self.requests
        return request


class Opened:
    """Opens clients for a provider's `connect`; all end in the same fake, below the layers that read and let in."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self.urls: list[str] = []
        self.ca_bundles: list[str | None] = []

    def __call__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        *,
        read_error: Callable[[bytes], ErrorBody] = no_body,
        throttling: frozenset[int] = frozenset({429}),
        ca_bundle: str | None = None,
    ) -> HttpClient:
        self.urls.append(base_url)
        self.ca_bundles.append(ca_bundle)
        client = self._http if credentials is None else Authorized(self._http, credentials)
        return StatusChecked(client, read_error, throttling)


def sample(name: str) -> Response:
    """`tests/samples/<provider>/<what>.<status>.json` as the answer it shows."""
    file = SAMPLES / name
    return Response(status=int(file.suffixes[-2][1:]), headers={}, body=file.read_bytes())


def answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of JSON, or of bytes as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Response(status=status, headers=headers or {}, body=body)


def body_sent(request: Request) -> Any:
    """A request's JSON."""
    assert request.body is not None
    return json.loads(request.body)


def ns(text: str) -> int:
    """A time in nanoseconds since 1970."""
    return Instant.parse(text).ns


def steps_of(found: Mapping[NativeId, StepList | ConnectorError], run: Execution) -> tuple[ExecutionStep, ...]:
    """The steps that a run got, and no error."""
    steps = found[run.key]
    assert isinstance(steps, StepList), steps
    return steps.steps
