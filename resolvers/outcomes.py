"""How each source answered, put together from what befell its plan, its streams and its candidates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from connectors.contract import ExecutionQuery
from connectors.errors import ConnectorError, OutOfTimeError, UnreadableError
from resolvers.candidates import Candidates
from resolvers.context import Context
from resolvers.left_out import left_out
from resolvers.merge import Row
from resolvers.partitions import SourcePlan
from resolvers.streams import Stream
from schema.instant import Instant
from schema.model import SourceError, SourceOutcome, SourceOutcomeStatus

MAX_NAMED = 5
"Partitions that a message names."

Own = list[tuple[int, Stream]]
"The streams of one source, each with its index in the merge."


@dataclass(frozen=True, slots=True)
class Report:
    """What is known when a page is done."""

    context: Context
    query: ExecutionQuery
    plans: Sequence[SourcePlan]
    streams: Sequence[tuple[str, Stream]]
    candidates: Candidates
    rows: Sequence[Row]

    def outcomes(self) -> list[SourceOutcome]:
        """One for each configured source, in the order of the settings."""
        counts = Counter([execution.source for _, _, execution in self.rows])
        streams: dict[str, Own] = {plan.source.name: [] for plan in self.plans}
        for index, (source, stream) in enumerate(self.streams):
            streams[source].append((index, stream))
        return [self._outcome(plan, counts[plan.source.name], streams[plan.source.name]) for plan in self.plans]

    def _outcome(self, plan: SourcePlan, count: int, own: Own) -> SourceOutcome:
        name = plan.source.name
        merge = self.candidates.merge
        failed = {stream.partition: merge.errors[index] for index, stream in own if index in merge.errors}
        told = [stream.as_of for _, stream in own if stream.as_of is not None]
        if plan.stale is not None:
            told.append(plan.stale.as_of)
        answered = [merge.answered[index] for index, _ in own if index in merge.answered]
        last = max(answered, default=self.context.house.clock())
        error = self._error(plan, failed, own)
        nothing_came = plan.error is not None or (bool(failed) and not told and not count)
        if plan.is_skipped:
            status = SourceOutcomeStatus.SKIPPED
        elif nothing_came:
            status = SourceOutcomeStatus.FAILED
        else:
            status = SourceOutcomeStatus.OK if error is None else SourceOutcomeStatus.PARTIAL
        return SourceOutcome(
            source=name,
            provider=plan.source.connector.provider,
            status=status,
            count=count,
            as_of=Instant.of(min(told)) if told else None,
            requests=self.context.tally[name],
            duration_ms=0.0 if plan.is_skipped else max(last - self.context.started, 0) * 1000,
            error=error,
        )

    def _error(self, plan: SourcePlan, failed: dict[str, ConnectorError], own: Own) -> SourceError | None:
        """The gravest of what went wrong."""
        if plan.error is not None:
            return plan.error.as_data()
        if failed:
            return _of_partitions(failed, len(own))
        if (error := self.candidates.errors.get(plan.source.name)) is not None:
            return error.as_data()
        stale = [stream.stale_because for _, stream in own if stream.stale_because is not None]
        if plan.stale is not None:
            stale.append(plan.stale.because)
        if stale:
            return _of_stale(stale)
        missing = _of_left_out([stream for _, stream in own])
        if missing is None and plan.remark is not None:
            return plan.remark.as_data()
        return missing


def _of_left_out(streams: Sequence[Stream]) -> SourceError | None:
    """Single records that are not in the list."""
    unreadable = [record for stream in streams for record in stream.unreadable]
    if unreadable:
        return left_out(unreadable).as_data()
    if unplaced := sum(len(stream.unplaced) for stream in streams):
        return UnreadableError(f"{unplaced} runs without a start were found too late to be listed first").as_data()
    return None


def _of_stale(reasons: Sequence[ConnectorError]) -> SourceError:
    """What is shown is of the outcome's `asOf`: newer runs may be missing. Told is what the source itself has said."""
    because = next((reason for reason in reasons if not isinstance(reason, OutOfTimeError)), reasons[0])
    return replace(because.as_data(), message=f"an older answer stands in: {because.message}")


def _of_partitions(failed: dict[str, ConnectorError], asked: int) -> SourceError:
    first = next(iter(failed.values())).as_data()
    if asked == 1:
        return first
    names = ", ".join(list(failed)[:MAX_NAMED])
    more = ", …" if len(failed) > MAX_NAMED else ""
    where = "all of its workflows" if len(failed) == asked else f"{len(failed)} of {asked} workflows ({names}{more})"
    return replace(first, message=f"{where}: {first.message}")
