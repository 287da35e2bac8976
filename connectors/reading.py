"""From bytes to wire models: one place that knows what can be wrong with a body.

Records are decoded each by itself: so one that is unreadable spoils itself and not its page, and its own bytes can be
passed on. How the rows of lists are placed before that, which are many, is told in `lists`.

One rule for all bodies: JSON in UTF-8, as RFC 8259 has it.

| found | taken as |
| --- | --- |
| a byte-order mark in front | skipped |
| UTF-16, HTML, an empty body, a word such as NaN, anything after the end | the body is unreadable |
| bytes that are no UTF-8, numbers beyond all bounds, another type than documented | their record is unreadable |
| nesting beyond what the stack holds | whichever of the two holds it is unreadable |
| half a pair of surrogates | U+FFFD, and logged |
| a name twice in one object | the last one wins |
| names that we do not know | ignored |
| a word for a state that we do not know | UNKNOWN, and logged once |
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
import structlog
from msgspec import Raw

from connectors.errors import UnreadableError
from connectors.http.client import Response
from connectors.listed import Unreadable
from schema.instant import Instant, plain_ns
from schema.model import Execution, ExecutionStatus

log = structlog.get_logger("histograph.reading")

T = TypeVar("T")
MEMBERS = msgspec.json.Decoder(dict[str, Raw])
TEXT = msgspec.json.Decoder(str)
NULL = Raw(b"null")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SURROGATES = re.compile(
    rb"\\\\|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][\da-fA-F]{2})"
)
_PAIR = list, tuple
NUMBER = re.compile(r"-?\d{1,18}", flags=re.ASCII)


def decode(decoder: msgspec.json.Decoder[T], body: bytes | Raw, what: str) -> T:
    """The body as a wire model.

    Raises:
        UnreadableError: With the path that was wrong, and without the value.
    """
    try:
        if isinstance(body, Raw):
            str(body, "utf-8")  # members that nobody decodes are passed on as text as well
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnreadableError(f"{what}: {_reason(body, error)}") from error


def decoded_or_none(decoder: msgspec.json.Decoder[T], body: bytes | Raw) -> T | None:
    """The same for what may be anything, such as the bodies of errors: None when it cannot be read."""
    try:
        return decode(decoder, body, "")
    except UnreadableError:
        return None


def body_of(response: Response, decoder: msgspec.json.Decoder[T], what: str) -> T:
    """An answer's body as a wire model.

    Text that was cut through a pair of surrogates is no JSON any more. It must not cost a page: U+FFFD takes its place.
    """
    body = response.body.removeprefix(BYTE_ORDER_MARK)
    try:
        return decode(decoder, body, what)
    except UnreadableError:
        mended = SURROGATES.sub(lambda match: rb"\ufffd" if match["half"] else match[0], body)
        if mended == body:
            raise
        found = decode(decoder, mended, what)
        log.info("text was cut through a sign", what=what, signs=mended.count(rb"\ufffd") - body.count(rb"\ufffd"))
        return found


def _reason(body: bytes | Raw, error: Exception) -> str:
    start = bytes(body)[:200].lstrip()
    if not start:
        return "an empty body"
    if isinstance(error, UnicodeDecodeError) or b"\0" in start[:4]:
        return "not in UTF-8"
    if start.startswith(b"<"):
        return "a page of HTML or XML instead of JSON (a login page?)"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error).split("\n", 1)[0][:200]


def read_records(
    records: Iterable[Raw], read: Callable[[Raw], Execution], id_field: str = "id"
) -> tuple[list[Execution], list[Unreadable]]:
    """Each record by itself: those that can be read, and word of those that cannot."""
    good: list[Execution] = []
    bad: list[Unreadable] = []
    for record in records:
        try:
            good.append(read(record))
        except (UnreadableError, ValueError, ArithmeticError) as error:
            bad.append(Unreadable(native_id=id_of(record, id_field), reason=str(error)[:200]))
    return good, bad


def id_of(record: Raw, field: str) -> str | None:
    """Told even if other members are what cannot be read."""
    member = (decoded_or_none(MEMBERS, bytes(record)) or {}).get(field)
    native_id = None if member is None else decoded_or_none(TEXT, member)
    return None if native_id is None else native_id[:200]


def instant(text: str | None) -> Instant | None:
    """A provider's time; None stays None.

    Raises:
        UnreadableError: It is there and cannot be read.
    """
    if not text:
        return None
    ns = plain_ns(text)
    if ns is not None:
        return Instant(ns, text)
    try:
        return Instant.parse(text)
    except ValueError as error:
        raise UnreadableError(str(error)) from error


def integer(value: object) -> int | None:
    """An integer in any of the forms providers write one: 5816, "5816", ["Long", 5816], ["Long", "5816"].

    Raises:
        UnreadableError: It is there and cannot be read: never 0 for want of a better value.
    """
    if value is None or type(value) is int:
        return value
    if isinstance(value, _PAIR):
        if len(value) != 2 or value[0] != "Long":  # the pair of a Java serialiser
            raise UnreadableError("not a pair of a type and a number")
        value = value[1]
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise UnreadableError("not an integer")


class StatusWords:
    """A provider's words for states. Those without a place are UNKNOWN, and logged once each."""

    def __init__(self, provider: str, words: dict[str, ExecutionStatus]) -> None:
        """Takes words in lower case: providers change the case of theirs."""
        self._provider = provider
        self._words = words | {word.upper(): status for word, status in words.items()}
        self._told: set[str] = set()

    def __call__(self, word: str | None) -> ExecutionStatus:
        """The unified state."""
        known = self._words.get(word) if word else None
        if known is None:
            known = self._words.get((word or "").strip().lower())
        if known is not None:
            return known
        if word and word not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(word)
            log.warning("unknown status", provider=self._provider, word=word[:40])
        return ExecutionStatus.UNKNOWN

    @property
    def statuses(self) -> frozenset[ExecutionStatus]:
        """All states that a word stands for, and UNKNOWN for words to come."""
        return frozenset(self._words.values()) | {ExecutionStatus.UNKNOWN}


MAX_TOLD = 100  # words remembered as told; a provider that makes up new ones for ever is not told for ever


def present(raw: Raw) -> Raw | None:
    """A member that was sent and is not null: as it was decoded, without blanks around it."""
    return raw if raw and raw != NULL else None
