"""Runs as connectors might hand them over, and as they must not: for comparing two ways to the same answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec
from msgspec import Raw

from connectors.contract import Capabilities, ExecutionQuery, Page, Paging, StepList
from connectors.errors import ConnectorError, ThrottledError, UnreachableError
from connectors.providers.arcee import ArceeExecution, ArceeStep
from connectors.providers.boomi.records import BoomiExecution, BoomiStep
from connectors.providers.informer.records import InformerExecution, InformerStep
from connectors.providers.sailpoint import SailPointExecution
from connectors.providers.sailpoint.events import SailPointStep
from connectors.providers.yandex.records import YandexExecution, YandexStep
from resolvers.history import CursorWriter
from schema.identity import NativeId
from schema.instant import SECOND, Instant
from schema.model import (
    Execution,
    ExecutionConnection,
    ExecutionError,
    ExecutionOrder,
    ExecutionStatus,
    ExecutionStep,
    PageInfo,
    SourceError,
    SourceErrorCode,
    SourceOutcome,
    SourceOutcomeStatus,
    Workflow,
)
from tests.resolvers.fakes import key_of

KINDS: Mapping[str, tuple[type[Execution], type[ExecutionStep]]] = {
    "boomi": (BoomiExecution, BoomiStep),
    "yandex": (YandexExecution, YandexStep),
    "arcee": (ArceeExecution, ArceeStep),
    "informer": (InformerExecution, InformerStep),
    "sailpoint": (SailPointExecution, SailPointStep),
}
"By source."

NAMES = ["", "nightly", "Zürich", 'say "so"', "a\\b\u2028", "🚀"]
PAYLOADS = [
    b"null", b"1", b'"text"', b'{"a": [1, 2.50, {"b": null}], "c": "\\u00e9"}', b" [ ] ", b"1e999", b"not JSON",
    b"123456789012345678901", b'{"open": ', b'"\xff"', b'"\xc3\xa9"', b"[" * 2000,
]  # fmt: skip
WRONG: list[Any] = [None, 7, 1.5, float("nan"), float("inf"), True, [], "text", "\ud800", UnreachableError("a value")]
"What no field should hold, or not this one."
FAILURES = [UnreachableError("no answer"), ThrottledError("too many", retry_after=1.0)]


class Dice(Random):
    """Draws values of the models. The same seed draws the same."""

    def falls(self, one_in: int) -> bool:
        """Whether it does, once in so many times."""
        return self.randrange(one_in) == 0

    def name(self) -> str:
        return self.choice(NAMES)

    def moment(self) -> Instant | None:
        at = self.randrange(10**9)
        return None if self.falls(3) else Instant.of(1_763_000_000 * SECOND + at * 1_000_003)

    def error(self) -> ExecutionError | None:
        return None if self.falls(2) else ExecutionError(self.name(), self.choice([None, "E1"]))

    def payload(self) -> Raw | None:
        return None if self.falls(3) else Raw(self.choice(PAYLOADS))

    def record(self, cls: type[Any], **given: Any) -> Any:
        """An object of a class of models: what it requires, and some of what it may have."""
        fields: dict[str, Any] = dict(given)
        for one in msgspec.structs.fields(cls):
            if one.name not in fields and (one.required or self.falls(2)):
                fields[one.name] = self.value(one.name, one.type)
        if self.falls(60):
            fields[self.choice(sorted(fields.keys() - {"source", "key", "run", "place"}))] = self.choice(WRONG)
        return cls(**fields)

    def value(self, name: str, kind: Any) -> Any:
        """A value of a field of the models."""
        text = str(kind)
        if name == "status":
            return self.choice(list(ExecutionStatus))
        if name in {"error", "last_error"}:
            return self.error()
        if kind is str:
            return self.name()
        if "tuple" in text:
            return ()
        if "None" in text and self.falls(4):
            return None
        for part, draw in self._draws.items():
            if part in text:
                return draw()
        raise AssertionError(f"{name}: {text}")

    @property
    def _draws(self) -> Mapping[str, Callable[[], Any]]:
        return {
            "Raw": self.payload,
            "Instant": self.moment,
            "bool": lambda: self.falls(2),
            "int": lambda: self.choice([0, 1, 5300, 2**31 - 1, 10**6 + 1]),
            "str": self.name,
        }


@dataclass
class Drawn:
    """A source that knows what was drawn for it."""

    name: str
    steps: dict[NativeId, StepList | ConnectorError] = field(default_factory=dict)
    details: dict[NativeId, Execution | ConnectorError] = field(default_factory=dict)
    listed: Sequence[Workflow] | ConnectorError = ()

    @property
    def provider(self) -> str:
        return KINDS[self.name][0].provider

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            paging=Paging.NONE,
            page_size=10,
            statuses=frozenset(ExecutionStatus),
            fields_from_detail=frozenset({"input", "output"} if self.name == "yandex" else ()),
            fields_from_steps=frozenset({"error"} if self.name in {"informer", "sailpoint"} else ()),
        )

    async def workflows(self) -> Sequence[Workflow]:
        if isinstance(self.listed, ConnectorError):
            raise self.listed
        return self.listed

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        raise AssertionError("pages are drawn here, and asked of no source")

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        return {key: self.details[key] for key in ids if key in self.details}

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        return {run.key: self.steps[run.key] for run in runs if run.key in self.steps}


def draw_answer(dice: Dice) -> tuple[ExecutionConnection, list[Drawn]]:
    """A page, and the sources that know the rest of its runs."""
    sources = {name: Drawn(name) for name in KINDS}
    runs: list[Any] = []
    for at in range(dice.randrange(7)):
        name = dice.choice(sorted(KINDS))
        cls, step = KINDS[name]
        key = NativeId(dice.choice(["", "w0", "w1"]), f"r{at}")
        runs.append(dice.record(cls, source=name, key=key))
        if not dice.falls(10):
            steps = [dice.record(step, source=name, run=key, place=f"p{index}") for index in range(dice.randrange(5))]
            known = StepList(steps=tuple(steps), run_error=dice.error())
            sources[name].steps[key] = dice.choice(FAILURES) if dice.falls(12) else known
            detail = dice.record(cls, source=name, key=key)
            sources[name].details[key] = dice.choice(FAILURES) if dice.falls(12) else detail
        if dice.falls(60):
            runs[-1] = dice.choice([None, UnreachableError("a row")])
    for source in sources.values():
        named = [Workflow(source=source.name, provider=source.provider, native_id="w0", name=dice.name())]
        source.listed = dice.choice(FAILURES) if dice.falls(20) else named
    write = CursorWriter(0, b"", {}, b"key")
    page = ExecutionConnection(
        nodes=tuple(runs),
        places=[_place(run) for run in runs],
        write=write,
        page_info=PageInfo(has_next_page=dice.falls(2), has_previous_page=False),
        sources=[_outcome(dice) for _ in range(dice.randrange(4))],
        as_of=Instant.of(0),
    )
    return page, list(sources.values())


def _outcome(dice: Dice) -> SourceOutcome:
    error = SourceError(code=dice.choice(list(SourceErrorCode)), message=dice.name())
    return SourceOutcome(
        source=dice.name(),
        provider="NOBODY" if dice.falls(40) else dice.choice(["BOOMI", "YANDEX"]),
        status=dice.choice(list(SourceOutcomeStatus)),
        as_of=dice.moment(),
        requests=dice.randrange(5),
        duration_ms=float("nan") if dice.falls(40) else dice.choice([0.0, 1.5]),
        error=None if dice.falls(2) else error,
    )


def _place(run: Any) -> tuple[int, str, str, str]:
    if not isinstance(run, Execution) or not isinstance(run.started_at, Instant | None):
        return 0, "", "", ""
    return key_of(run, ExecutionOrder.STARTED_AT_DESC)
