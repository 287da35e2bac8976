"""How long an answer is good, which follows from the answer: what is over changes no more, what is not does soon.

An answer is fresh at first: it is given without asking. A list is given for some seconds more while it is asked for
anew in the background, so that nobody waits for it. Beyond that it only stands in for a source that fails, and says
so; past the hard limit it does not even do that.
"""

from msgspec import Struct

from connectors.contract import Capabilities, Page, Rate, StepList
from connectors.errors import ConnectorError, MissingError, ThrottledError, UnreachableError
from connectors.questions import Question, StepsOf, Value
from schema.model import Execution

FINAL = 3600.0  # seconds that a finished run and its steps are fresh; its provider may purge them
LIVE = 5.0  # seconds; lists, and runs that are not over
WORKFLOWS = 300.0  # seconds
MISSING = 10.0  # seconds that «there is no such thing» is believed
REFRESH = 5.0  # seconds that a list is given further while it is asked for anew
MAX_LISTS = 3600.0  # seconds; however slow a source has to be asked
JITTER = 0.1  # of a short lifetime, up or down, so that what came together is not asked for together again
HARD_LIVE = 15 * 60.0  # seconds after which nothing that can change stands in for newer answers
HARD_FINAL = 24 * 3600.0  # seconds after which a finished run does not either


class Lifetime(Struct, frozen=True, array_like=True):
    """Seconds from when an answer came: while it is fresh, then further while it is refreshed; all in all."""

    fresh: float
    refresh: float
    hard: float


FINISHED = Lifetime(FINAL, 0.0, HARD_FINAL)
GONE = Lifetime(MISSING, 0.0, MISSING)
LISTED = Lifetime(WORKFLOWS, 0.0, HARD_LIVE)


def lifetime_of(question: Question, value: Value | MissingError, lists: float, dice: float) -> Lifetime:
    """How long this answer is good.

    Args:
        question: What was asked.
        value: What came.
        lists: Seconds that the source's lists are fresh, as `lists_fresh` gives them.
        dice: From 0 to 1, for the jitter.
    """
    if isinstance(value, MissingError):
        return GONE
    jitter = 1 + JITTER * (2 * dice - 1)
    if type(value) is Page:  # by its class, as most are: to ask a struct's class for others takes several times as long
        fresh, refresh = lists * jitter, REFRESH * jitter
        return Lifetime(fresh, refresh, max(HARD_LIVE, fresh + refresh))
    if type(value) is StepList:
        # of a run that is over and whose steps all can be read: it may go better the next time
        is_final = type(question) is StepsOf and question.is_final and not value.unreadable
    elif isinstance(value, Execution):
        is_final = value.status.is_final
    else:
        return LISTED
    return FINISHED if is_final else Lifetime(LIVE * jitter, 0.0, HARD_LIVE)


def lists_fresh(can: Capabilities, workflows: int, rate: Rate) -> float:
    """Seconds that lists are fresh: twice the time that the source's pace needs to ask for each of them once.

    So a query that runs into its deadline finds, when it is asked again, what it had read, and gets further.
    """
    if not can.partitioned:
        return LIVE
    return min(max(LIVE, 2 * workflows * rate.seconds / rate.requests), MAX_LISTS)


def may_stand_in(error: ConnectorError) -> bool:
    """Whether an answer of before may be given in place of this error: the source is away, or asks to be left alone.

    Never when it has answered that there is nothing to see, or nothing to see for us.
    """
    return isinstance(error, (UnreachableError, ThrottledError))
