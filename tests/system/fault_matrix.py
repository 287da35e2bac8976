"""What each fault gives at each source, as a table: the tests hold the service to it, and `docs/faults.md` shows it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from schema.model import SourceErrorCode as Code

ONE_LIST = frozenset({"boomi"})
"Providers with one list for all workflows. The others have their workflows listed first, here two."


class Rows(StrEnum):
    """What the answer shows of the source."""

    NONE = "none"
    ALL = "all"
    BUT_ONE = "all but one"
    SOME = "some"
    AND_MORE = "all, then what it makes up"


class Answer(NamedTuple):
    """Cold: of a process that has asked for nothing before. Warm: of one to which an old answer is known."""

    cold: tuple[str, Rows]
    warm: tuple[str, Rows]
    is_stale: bool = False
    "Warm, what was known stands in, and it is said so."


AWAY = Answer(("FAILED", Rows.NONE), ("PARTIAL", Rows.ALL), is_stale=True)
NOTHING = Answer(("FAILED", Rows.NONE), ("FAILED", Rows.NONE))
LESS = Answer(("PARTIAL", Rows.SOME), ("PARTIAL", Rows.SOME))
BUT_ONE = Answer(("PARTIAL", Rows.BUT_ONE), ("PARTIAL", Rows.BUT_ONE))
ALL = Answer(("OK", Rows.ALL), ("OK", Rows.ALL))
ENDLESS = Answer(("OK", Rows.AND_MORE), ("OK", Rows.AND_MORE))
STOPPED = Answer(("PARTIAL", Rows.NONE), ("PARTIAL", Rows.NONE))


class Calls(NamedTuple):
    """Sent to a source with one list, and to one whose workflows are listed first."""

    to_one_list: int
    to_many: int


FIRST = Calls(1, 1)
"That of the list, or of the list of workflows. No further try was earned yet, or none would help."
EACH = Calls(1, 3)
"As many as without the fault."
TRIED = Calls(3, 6)
"Three further tries were saved up: two for the first call, one for the two that follow it."
MORE = Calls(2, 4)
"A second page of one list."


class Cell(NamedTuple):
    """One place of the table."""

    answer: Answer
    code: Code | None
    cold_calls: Calls
    warm_calls: Calls


MATRIX: Mapping[str, Cell] = {
    # the connection: no answer, or not a whole one
    "refuse":              Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "swallow":             Cell(AWAY,    Code.TIMEOUT,         FIRST, TRIED),
    "hang":                Cell(AWAY,    Code.TIMEOUT,         FIRST, Calls(2, 5)),
    "half-open":           Cell(AWAY,    Code.TIMEOUT,         FIRST, Calls(2, 5)),
    "close-before-answer": Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "reset-in-body":       Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "cut-in-body":         Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "chunked-cut":         Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "cut-without-length":  Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "slow-headers":        Cell(AWAY,    Code.TIMEOUT,         FIRST, EACH),
    "slow-drip":           Cell(AWAY,    Code.TIMEOUT,         FIRST, EACH),
    "tls-wrong-name":      Cell(AWAY,    Code.UNREACHABLE,     FIRST, EACH),
    "tls-unknown-ca":      Cell(AWAY,    Code.UNREACHABLE,     FIRST, EACH),
    "plain-on-tls":        Cell(AWAY,    Code.UNREACHABLE,     FIRST, EACH),
    # the status
    "400":                 Cell(NOTHING, Code.UNSUPPORTED,     FIRST, FIRST),
    "401":                 Cell(NOTHING, Code.UNAUTHENTICATED, FIRST, FIRST),
    "403":                 Cell(NOTHING, Code.FORBIDDEN,       FIRST, FIRST),
    "404":                 Cell(NOTHING, Code.NOT_FOUND,       FIRST, FIRST),
    "500":                 Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "502":                 Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "503":                 Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "504":                 Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "burst-of-500":        Cell(AWAY,    Code.UNREACHABLE,     FIRST, Calls(3, 5)),
    "429-seconds":         Cell(AWAY,    Code.RATE_LIMITED,    FIRST, Calls(3, 5)),
    "429-date":            Cell(AWAY,    Code.RATE_LIMITED,    FIRST, Calls(3, 5)),
    "token-expired":       Cell(LESS,    Code.UNAUTHENTICATED, EACH,  EACH),
    "redirect-302":        Cell(NOTHING, Code.BAD_RESPONSE,    FIRST, FIRST),
    # the body
    "login-page":          Cell(NOTHING, Code.BAD_RESPONSE,    FIRST, FIRST),
    "empty-200":           Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "204":                 Cell(NOTHING, Code.BAD_RESPONSE,    FIRST, FIRST),
    "truncated-json":      Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "trailing-garbage":    Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "bom":                 Cell(ALL,     None,                 EACH,  EACH),
    "utf-16":              Cell(NOTHING, Code.BAD_RESPONSE,    FIRST, FIRST),
    "gzip-bomb":           Cell(NOTHING, Code.BAD_RESPONSE,    FIRST, FIRST),
    "gzip-truncated":      Cell(AWAY,    Code.UNREACHABLE,     FIRST, TRIED),
    "endless-body":        Cell(NOTHING, Code.BAD_RESPONSE,    FIRST, FIRST),
    # one record
    "bad-utf8":            Cell(BUT_ONE, Code.BAD_RESPONSE,    EACH,  EACH),
    "lone-surrogate":      Cell(ALL,     None,                 EACH,  EACH),
    "nan":                 Cell(LESS,    Code.BAD_RESPONSE,    EACH,  EACH),
    "huge-int":            Cell(ALL,     None,                 EACH,  EACH),
    "deep-nesting":        Cell(LESS,    Code.BAD_RESPONSE,    EACH,  EACH),
    "duplicate-keys":      Cell(ALL,     None,                 EACH,  EACH),
    "wrong-types":         Cell(BUT_ONE, Code.BAD_RESPONSE,    EACH,  EACH),
    "missing-required":    Cell(BUT_ONE, Code.BAD_RESPONSE,    EACH,  EACH),
    "unknown-enum":        Cell(ALL,     None,                 EACH,  EACH),
    "extra-fields":        Cell(ALL,     None,                 EACH,  EACH),
    # the pages
    "huge-page":           Cell(ALL,     None,                 EACH,  EACH),
    "page-loops":          Cell(LESS,    Code.BAD_RESPONSE,    MORE,  MORE),
    "pages-never-end":     Cell(ENDLESS, None,                 Calls(6, 7), Calls(6, 7)),
}  # fmt: skip


EXCEPTIONS: Mapping[tuple[str, str], tuple[Cell, str]] = {
    ("redirect-302", "informer"): (
        Cell(NOTHING, Code.UNAUTHENTICATED, FIRST, FIRST),
        "to whom its token is not good, it shows the way to its login page",
    ),
    ("login-page", "informer"): (
        Cell(NOTHING, Code.UNAUTHENTICATED, FIRST, FIRST),
        "that is what it shows to whom its token is not good",
    ),
    ("401", "yandex"): (
        Cell(NOTHING, Code.UNAUTHENTICATED, Calls(2, 2), Calls(2, 2)),
        "tried with a new token as well",
    ),
    ("401", "sailpoint"): (
        Cell(NOTHING, Code.UNAUTHENTICATED, Calls(2, 2), Calls(2, 2)),
        "tried with a new token as well",
    ),
    ("503", "boomi"): (
        Cell(AWAY, Code.RATE_LIMITED, FIRST, TRIED),
        "that is how it says «too many»",
    ),
    ("token-expired", "boomi"): (Cell(ALL, None, EACH, EACH), "done before it strikes"),
    ("token-expired", "yandex"): (
        Cell(ALL, None, Calls(5, 5), Calls(5, 5)),
        "two lists are asked for again with a new token",
    ),
    ("token-expired", "sailpoint"): (
        Cell(ALL, None, Calls(5, 5), Calls(5, 5)),
        "two lists are asked for again with a new token",
    ),
    ("nan", "boomi"): (Cell(NOTHING, Code.BAD_RESPONSE, FIRST, FIRST), "its one list is lost"),
    ("deep-nesting", "boomi"): (Cell(NOTHING, Code.BAD_RESPONSE, FIRST, FIRST), "its one list is lost"),
    ("huge-int", "boomi"): (Cell(BUT_ONE, Code.BAD_RESPONSE, EACH, EACH), "the number is one that is read"),
    ("huge-int", "arcee"): (Cell(BUT_ONE, Code.BAD_RESPONSE, EACH, EACH), "the number is one that is read"),
    ("huge-page", "arcee"): (Cell(ALL, None, MORE, MORE), "as without the fault: no count tells that all is there"),
    ("huge-page", "sailpoint"): (
        Cell(ALL, None, Calls(9, 9), Calls(10, 10)),
        "nearly so: windows of time are made narrower until one holds less than a page",
    ),
    ("page-loops", "sailpoint"): (
        Cell(LESS, Code.BAD_RESPONSE, Calls(7, 7), Calls(8, 8)),
        "found when its windows of time are as narrow as can be",
    ),
    ("pages-never-end", "yandex"): (Cell(ENDLESS, None, Calls(8, 8), Calls(8, 8)), "its pages are smaller"),
    ("pages-never-end", "sailpoint"): (
        Cell(STOPPED, Code.LIMIT_REACHED, Calls(24, 24), Calls(25, 25)),
        "no window of time gets narrow enough: the page ends where the list is known to that far",
    ),
}
"Where one source differs, and why."


def expected(fault: str, provider: str) -> Cell:
    """What a fault gives at a source."""
    exception = EXCEPTIONS.get((fault, provider))
    return MATRIX[fault] if exception is None else exception[0]


def sent(calls: Calls, provider: str) -> int:
    """How many calls that are for a provider."""
    return calls.to_one_list if provider in ONE_LIST else calls.to_many
