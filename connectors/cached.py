"""Remembers what a source has answered, asks for nothing twice at a time, and lets old answers stand in for a failure.

| an answer | fresh | given while it is refreshed | stands in for a failure until |
| --- | --- | --- | --- |
| a page of a list | 5 s, or twice the time to ask for all lists of the source | 5 s more | 15 min |
| a run that is not over, its steps | 5 s | - | 15 min |
| a finished run, its steps | 1 h | - | 24 h |
| the list of workflows | 5 min | - | 15 min |
| that there is no such thing | 10 s | - | - |

The short times vary by a tenth. A failure is never remembered. What stands in says so, unless it is of a finished run,
which is what it was: `Page.stale_because`, `Workflows.stale`, `Answers.stale`.
"""

import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, cast

from msgspec.structs import replace

from connectors.contract import (
    Answers,
    Capabilities,
    Connector,
    Deleting,
    ExecutionQuery,
    Page,
    Rate,
    StepList,
    Workflows,
    freshness,
)
from connectors.errors import ConnectorError, ForbiddenError, MissingError, OutOfTimeError, RefusedError
from connectors.filing import Filing
from connectors.flights import Flights
from connectors.footprint import detached, roughly
from connectors.http.deadline import time_left
from connectors.lifetimes import lifetime_of, lists_fresh, may_stand_in
from connectors.listed import Listing
from connectors.questions import AllWorkflows, PageOf, Question, RunOf, StepsOf, Value, pushed
from connectors.remembered import Answer, Entry, Memory
from connectors.shared_cache import SharedCache
from connectors.standing import PATIENCE, Found, Key, StandIns, end_of_rest
from schema.identity import NativeId
from schema.model import Execution, Workflow

MAX_REFRESHES = 8
"Answers of one source that are asked for anew in the background at a time."

Ask: TypeAlias = Callable[[Sequence[Question]], Awaitable[Mapping[Question, Value | ConnectorError]]]


@dataclass(slots=True)
class Cached:
    """A connector in front of another one of the same source."""

    inner: Connector
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], int] = time.time_ns
    close: Callable[[], Any] | None = None
    memory: Memory | None = None
    "What it shares with the other sources of the process; None: one of its own."
    shared: SharedCache | None = None
    "What it shares with other processes."
    rate: Rate | None = None
    "The pace at which it is asked; None: as it declares."
    randomness: Callable[[], float] = random.random
    "Numbers from 0 to 1."
    deadline_clock: Callable[[], float] = time.monotonic
    "The one that deadlines are told on."
    uses: Counter[str] = field(default_factory=Counter, init=False)
    "Questions by what became of them: remembered, asked, refreshed, stood in."
    _memory: Memory = field(init=False, repr=False)
    _filing: Filing = field(init=False, repr=False)
    _stand_ins: StandIns = field(init=False, repr=False)
    _flights: Flights[Key, Answer] = field(default_factory=Flights, init=False, repr=False)
    changes: int = field(default=0, init=False)
    "Deletions, and answers forgotten as the right to them was withdrawn."
    _listed: Sequence[Workflow] = field(default=(), init=False, repr=False)
    "The workflows as they came last."
    _workflows_version: int = field(default=0, init=False)
    _me: object = field(default_factory=object, init=False, repr=False)
    _deletions: int = field(default=0, init=False)
    _workflows: int = field(default=1, init=False)
    "How many there are, as far as is known."

    def __post_init__(self) -> None:
        self._memory = Memory(clock=self.clock) if self.memory is None else self.memory
        self._stand_ins = StandIns(self._memory, self.clock, self.uses)
        by_row = not self.capabilities.fields_from_detail
        self._filing = Filing(self._memory, lambda key: self._key(RunOf(key)), by_row, self.clock)

    @property
    def name(self) -> str:
        """The source's name."""
        return self.inner.name

    @property
    def provider(self) -> str:
        """The SDL's word for its provider."""
        return self.inner.provider

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self.inner.capabilities

    async def workflows(self) -> Workflows:
        """All its workflows, some minutes old at the most."""
        if (known := self.workflows_at_hand()) is not None:
            return known
        question = AllWorkflows()
        key = self._key(question)

        async def ask(_: Sequence[Question]) -> Mapping[Question, Value | ConnectorError]:
            return {question: list(await self.inner.workflows())}

        found = await self._answer(key, self._memory.get(key), ask)
        workflows = Workflows(cast(list[Any], found.value))
        workflows.stale = found.stale
        return workflows

    def workflows_at_hand(self) -> Workflows | None:
        """The same, while nobody would ask for them anew."""
        entry = self._memory.get(self._key(AllWorkflows()))
        if entry is None or self.clock() - entry.born >= entry.answer.lifetime.fresh:
            return None
        self.uses["remembered"] += 1
        _tell(entry.born + entry.answer.lifetime.fresh)
        return Workflows(cast(list[Workflow], entry.answer.value))

    def workflows_known(self) -> tuple[int, Sequence[Workflow]] | None:
        """The workflows, while nobody would ask for them anew, beside a number that changes when one of them does."""
        entry = self._memory.get(self._key(AllWorkflows()))
        if entry is None:
            return None
        now, fresh_until = self.clock(), entry.born + entry.answer.lifetime.fresh
        if now >= fresh_until and (now >= entry.rests_until or not self._stand_ins.may(entry)):
            return None
        _tell(max(fresh_until, end_of_rest(entry)))
        return self._workflows_version, cast(list[Workflow], entry.answer.value)

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page, some seconds old at the most, and stamped with its time."""
        question = PageOf(partition, pushed(query, self.capabilities), cursor)
        key = self._key(question)
        entry = self._memory.get(key)
        if entry is not None and self.clock() - entry.born < entry.answer.lifetime.fresh:
            value = entry.answer.value
            if type(value) is Page:  # as is the rule, and so the shortest way
                self.uses["remembered"] += 1
                _tell(entry.born + entry.answer.lifetime.fresh)
                return value

        async def ask(_: Sequence[Question]) -> Mapping[Question, Value | ConnectorError]:
            return {question: await self.inner.list_executions(partition, question.query, cursor)}

        found = await self._answer(key, entry, ask)
        page = cast(Page, found.value)
        return page if found.stale is None else replace(page, stale_because=found.stale.because)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """These runs; only those not remembered, nor asked for by others now, are asked for."""
        self._filing.finish()
        for key in ids:
            self._filing.promote(key)

        async def ask(some: Sequence[Question]) -> Mapping[Question, Value | ConnectorError]:
            keys = {question.key: question for question in some if isinstance(question, RunOf)}
            found = await self.inner.get_executions(list(keys))
            return {question: found.get(key, MissingError(NOT_THERE)) for key, question in keys.items()}

        found = await self._answers([RunOf(key) for key in ids], ask)
        return _by_run(cast(Mapping[RunOf, Found], found))

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """The steps of these runs; those of a finished run are asked for once."""
        by_question: dict[Question, Execution] = {StepsOf(run.key, run.status.is_final): run for run in runs}

        async def ask(some: Sequence[Question]) -> Mapping[Question, Value | ConnectorError]:
            found = await self.inner.list_steps([by_question[question] for question in some])
            return {question: found.get(by_question[question].key, MissingError(NOT_THERE)) for question in some}

        found = await self._answers(list(by_question), ask)
        return _by_run(cast(Mapping[StepsOf, Found], found))

    async def delete_execution(self, key: NativeId) -> bool:
        """Deletes a run and forgets it, with the lists that may name it."""
        deleted = await cast(Deleting, self.inner).delete_execution(key)
        self._filing.finish()
        self._filing.forget(key)
        self._deletions += 1
        self.changes += 1
        gone: list[Question] = [RunOf(key), StepsOf(key, is_final=True), StepsOf(key, is_final=False)]
        for question in gone:
            self._memory.forget(self._key(question))
        if self.shared is not None:
            await self.shared.forget(gone, lists_too=True)
        return deleted

    async def aclose(self) -> None:
        """Ends its calls and closes the source's connections."""
        self._filing.close()
        await self._flights.aclose()
        if self.close is not None:
            await self.close()

    async def _answer(self, key: Key, entry: Entry | None, ask: Ask) -> Found:
        """The answer to one question, by its key and what is remembered by that.

        Raises:
            ConnectorError: There is none.
        """
        found = None if entry is None else self._remembered(key, entry, ask)
        if found is None:
            found = (await self._asked([key], self._stand_ins.may(entry), ask))[key]
        else:
            self.uses["remembered"] += 1
        if isinstance(found.value, ConnectorError):
            raise found.value.with_traceback(None)  # an error may be raised many times over
        return found

    async def _answers(self, questions: Sequence[Question], ask: Ask) -> Mapping[Question, Found]:
        """For each question what is remembered, or what comes now, or what stands in for it, or the error."""
        found: dict[Question, Found] = {}
        missing: list[Key] = []
        all_stand_in = True
        for question in questions:
            key = self._key(question)
            entry = self._memory.get(key)
            if entry is not None and (given := self._remembered(key, entry, ask)) is not None:
                found[question] = given
            else:
                missing.append(key)
                all_stand_in = all_stand_in and self._stand_ins.may(entry)
        self.uses["remembered"] += len(found)
        if missing:
            found.update({key[2]: one for key, one in (await self._asked(missing, all_stand_in, ask)).items()})
        return found

    async def _asked(self, missing: Sequence[Key], all_stand_in: bool, ask: Ask) -> Mapping[Key, Found]:
        """What comes now, or stands in for it, or the error."""
        left = time_left(self.deadline_clock)
        if left is not None and left <= 0:
            late = OutOfTimeError("not asked: the query's deadline has passed")
            return {key: self._given(key, late) for key in missing}
        patience = left * PATIENCE if left is not None and all_stand_in else left
        answers: Mapping[Key, Answer | ConnectorError]
        asking = partial(self._ask, ask)
        if len(missing) == 1:
            answer = await self._flights.get_one(missing[0], asking, patience)
            answers = {} if answer is None else {missing[0]: answer}
        else:
            answers = await self._flights.get(missing, asking, patience)
        given = {}
        for key, answer in answers.items():
            if isinstance(answer, OutOfTimeError):
                self._stand_ins.take_late(key, left)
            given[key] = self._given(key, answer)
        return given

    def _remembered(self, key: Key, entry: Entry, ask: Ask) -> Found | None:
        """What can be given without waiting."""
        now, life = self.clock(), entry.answer.lifetime
        age = now - entry.born
        if age < life.fresh:
            _tell(entry.born + life.fresh)
            return _found(entry)
        if age < life.fresh + life.refresh:
            if now >= entry.rests_until and self._flights.start([key], partial(self._ask, ask), MAX_REFRESHES):
                self.uses["refreshed"] += 1
            _tell(min(max(now, entry.rests_until), entry.born + life.fresh + life.refresh))
            return _found(entry)
        if now < entry.rests_until and entry.failure is not None:
            _tell(end_of_rest(entry))
            return self._stand_ins.give(key, entry.failure)
        return None

    def _given(self, key: Key, answer: Answer | ConnectorError) -> Found:
        if isinstance(answer, Answer):
            _tell(self.clock() + answer.lifetime.fresh - answer.age)
            return Found(cast(Value, answer.value))
        stands_in, entry = self._stand_ins.give(key, answer), self._memory.get(key)
        _tell(self.clock() if stands_in is None or entry is None else end_of_rest(entry))
        return stands_in or Found(answer)

    async def _ask(self, ask: Ask, keys: Sequence[Key]) -> Mapping[Key, Answer | ConnectorError]:
        """Asks for what nobody asks for yet, and remembers what comes. Runs once for all who wait for it."""
        questions = [key[2] for key in keys]
        if self.shared is None:
            answers = await self._fetch(ask, questions)
        else:
            of = dict(zip(questions, keys, strict=True))
            answers = await self.shared.get(
                questions, partial(self._fetch, ask), lambda question, answer: self._memory.keep(of[question], answer)
            )
            if refused := [question for question, one in answers.items() if isinstance(one, ForbiddenError)]:
                await self.shared.forget(refused)
        return {key: self._taken(key, answer) for key in keys if (answer := answers.get(key[2])) is not None}

    async def _fetch(self, ask: Ask, questions: Sequence[Question]) -> Mapping[Question, Answer | ConnectorError]:
        """Asks the source itself. An error of the whole call is that of each question."""
        self.uses["asked"] += len(questions)
        asked_at = self.wall_clock()
        try:
            found = await ask(questions)
        except ConnectorError as error:
            found = dict.fromkeys(questions, error)
        return {question: self._read(question, value, asked_at) for question, value in found.items()}

    def _read(self, question: Question, value: Value | ConnectorError, asked_at: int) -> Answer | ConnectorError:
        if isinstance(value, ConnectorError) and not isinstance(value, MissingError):
            return value
        if type(value) is Page:
            rows = value.executions  # which are put in order later, and so have to be ours
            value = replace(value, as_of=asked_at, executions=rows if type(rows) is Listing else list(rows))
        can = self.capabilities
        lists = lists_fresh(can, self._workflows, self.rate or can.rate)
        return Answer(value, asked_at, lifetime_of(question, value, lists, self.randomness()))

    def _taken(self, key: Key, answer: Answer | ConnectorError) -> Answer | ConnectorError:
        """Takes note of what came."""
        if isinstance(answer, Answer):
            self._keep(key, answer)
        elif may_stand_in(answer):
            if not isinstance(answer, OutOfTimeError):
                self._stand_ins.let_rest(key, answer)
        elif isinstance(answer, ForbiddenError):
            self._deny(key)
            self._memory.forget(key)
            self.changes += 1
        elif isinstance(answer, RefusedError):
            self._stand_ins.take_refusal()
            self.changes += 1
        return answer

    def _keep(self, key: Key, answer: Answer) -> None:
        value, weight = answer.value, None
        if type(value) is Page:
            weight = roughly(value.executions)
        elif type(value) is StepList:
            weight = roughly(value.steps)
        if weight is not None:
            self._filing.later(key, answer)
        else:
            detached(value)
            if isinstance(value, MissingError):
                self._deny(key)
            elif isinstance(value, list):
                self._take_workflows(value)
        self._memory.keep(key, answer, weight)

    def _deny(self, key: Key) -> None:
        """A run that is not there, or not for us: whatever lists have told of it before counts no more."""
        if isinstance(key[2], RunOf):
            self._filing.forget(key[2].key)

    def _take_workflows(self, workflows: list[Workflow]) -> None:
        self._workflows = len(workflows)
        if self._listed != workflows:
            self._listed = workflows
            self._workflows_version += 1

    def _key(self, question: Question) -> Key:
        return self._me, self._deletions if type(question) is PageOf else 0, question


def _found(entry: Entry) -> Found:
    return Found(cast(Value, entry.answer.value))


def _tell(until: float) -> None:
    """Word for whoever wants to know how long the answer to a request is good."""
    if (wanted := freshness.get()) is not None:
        wanted.ends(until)


NOT_THERE = "there is no such run"


def _by_run(found: Mapping[Any, Found]) -> Mapping[NativeId, Any]:
    """What is missing is left out."""
    values = {question.key: one.value for question, one in found.items() if not isinstance(one.value, MissingError)}
    stale = {question.key: one.stale for question, one in found.items() if one.stale is not None}
    return Answers(values, stale)
