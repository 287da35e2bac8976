"""A sixth provider as somebody else would bring it: one module, its SDL in it, found by an entry point.

It keeps its runs in a file: a line each, of workflow, id, start, end and state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from connectors.contract import Capabilities, ExecutionQuery, Page, Paging, StepList
from connectors.declaration import Opener, Provider, SourceSettings
from connectors.errors import ConnectorError
from connectors.reading import StatusWords, instant
from schema.identity import NativeId
from schema.model import Execution, ExecutionStatus, ExecutionStep, Workflow

SDL = """
extend enum ExecutionProvider {
  "A toy."
  TOY
}

"A line of a toy's file."
type ToyExecution implements Execution @key(fields: "id") {
  id: ID!
  provider: ExecutionProvider!
  source: String!
  nativeId: String!
  workflow: Workflow
  status: ExecutionStatus!
  rawStatus: String!
  startedAt: DateTime
  endedAt: DateTime
  durationMs: Float
  error: ExecutionError
  input: JSON
  output: JSON
  steps(first: Int = 100, after: String, filter: ExecutionStepFilter): ExecutionStepConnection
  raw: JSON
  "Which line of the file it is."
  lineNumber: Int!
}

"A toy's step."
type ToyStep implements ExecutionStep @key(fields: "id") {
  id: ID!
  nativeId: String
  name: String!
  description: String
  type: String
  status: ExecutionStatus!
  rawStatus: String!
  startedAt: DateTime
  endedAt: DateTime
  durationMs: Float
  attempts: Int
  input: JSON
  output: JSON
  error: ExecutionError
  lastError: ExecutionError
  raw: JSON
}
"""

WORDS = StatusWords("toy", {"done": ExecutionStatus.SUCCEEDED, "broken": ExecutionStatus.FAILED})


class ToyExecution(Execution, frozen=True, kw_only=True):
    """`type ToyExecution`."""

    provider: ClassVar[str] = "TOY"
    line_number: int


class ToyStep(ExecutionStep, frozen=True, kw_only=True):
    """`type ToyStep`."""


class ToySettings(SourceSettings, frozen=True, kw_only=True):
    """A file."""

    base_url: str = "https://toy.example.com"
    file: str


@dataclass(frozen=True, slots=True)
class Toy:
    """The connector."""

    name: str
    settings: ToySettings
    provider: ClassVar[str] = ToyExecution.provider
    capabilities: ClassVar[Capabilities] = Capabilities(
        paging=Paging.NONE, page_size=1000, statuses=WORDS.statuses, steps_per_call=1000
    )

    def _runs(self) -> list[ToyExecution]:
        lines = Path(self.settings.file).read_text(encoding="utf-8").splitlines()
        return [self._run(number, line) for number, line in enumerate(lines, start=1)]

    def _run(self, number: int, line: str) -> ToyExecution:
        workflow, native_id, start, end, word = line.split()
        return ToyExecution(
            source=self.name,
            key=NativeId(workflow, native_id),
            status=WORDS(word),
            raw_status=word,
            started_at=instant(start),
            ended_at=instant(end),
            line_number=number,
        )

    async def workflows(self) -> Sequence[Workflow]:
        """Those that have runs."""
        names = sorted({run.key.workflow for run in self._runs()})
        return [Workflow(source=self.name, provider=self.provider, native_id=name, name=name) for name in names]

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """All of them."""
        return Page(executions=[run for run in self._runs() if run.key.workflow == partition], next_cursor=None)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """By their ids."""
        return {run.key: run for run in self._runs() if run.key in ids}

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """One for each."""
        return {run.key: StepList(steps=(self._step(run),)) for run in runs}

    def _step(self, run: Execution) -> ToyStep:
        return ToyStep(
            source=self.name, run=run.key, place="0", name="the step", status=run.status, raw_status=run.raw_status
        )


def connect(name: str, settings: ToySettings, open_client: Opener) -> Toy:
    """A connector."""
    return Toy(name, settings)


PROVIDER = Provider(
    name="toy", title="Toy", settings=ToySettings, capabilities=Toy.capabilities, connect=connect, sdl=SDL
)
