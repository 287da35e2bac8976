"""Answers as bytes for other processes, and back into the very types they were, the providers' own among them.

MessagePack, read by the types of the fields; nothing in the bytes names code to run. A record's class is named, and
looked up among those that are loaded. An undecoded JSON value travels as the bytes it is. What is large is compressed.
Whatever cannot be read, be it damaged, of another account or of another version, is no answer.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from hmac import compare_digest
from itertools import groupby
from types import GenericAlias, NoneType, UnionType
from typing import Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Raw, Struct, inspect, structs

from connectors.contract import Page, StepList
from connectors.errors import ConnectorError, MissingError, UnreachableError
from connectors.lifetimes import Lifetime
from connectors.listed import Unreadable
from connectors.questions import Value
from connectors.remembered import Answer, Told
from schema.model import Execution, ExecutionError, ExecutionStep, Workflow

FORMAT = 1
"The first byte. Another one is of another version."
PLAIN, DEFLATED = 0, 1
"The second byte."
SEAL = 16  # bytes that follow
COMPRESSED_FROM = 1024  # bytes
LARGEST = 4 * 1024 * 1024  # bytes before compression; what is larger is not shared

C = TypeVar("C")
R = TypeVar("R", bound=Execution | ExecutionStep)


class UnshareableError(Exception):
    """A value that does not come back from bytes as it was, or bytes that are no value."""


class Records(Struct, array_like=True, frozen=True):
    """Some records of one class."""

    kind: str
    rows: Raw


class PageBody(Struct, array_like=True, frozen=True, tag="page"):
    """A page."""

    records: list[Records]
    next_cursor: str | None
    total: int | None
    unreadable: tuple[Unreadable, ...]
    as_of: int


class RunBody(Struct, array_like=True, frozen=True, tag="run"):
    """One run."""

    records: list[Records]


class StepsBody(Struct, array_like=True, frozen=True, tag="steps"):
    """The steps of a run."""

    records: list[Records]
    run_error: ExecutionError | None
    unreadable: tuple[Unreadable, ...]
    doubt: "ErrorBody | None"


class WorkflowsBody(Struct, array_like=True, frozen=True, tag="workflows"):
    """The list of workflows."""

    workflows: list[Workflow]


class ErrorBody(Struct, array_like=True, frozen=True, tag="error"):
    """A connector's error."""

    kind: str
    message: str
    http_status: int | None
    reference: str | None
    retry_after: float | None


Body = PageBody | RunBody | StepsBody | WorkflowsBody | ErrorBody


class Envelope(Struct, array_like=True, frozen=True):
    """An answer with what has to be known of it."""

    as_of: int
    lifetime: Lifetime
    deletions: int
    "How many there had been at the source when it was asked for."
    body: Body


_encoder = msgspec.msgpack.Encoder()
_envelopes = msgspec.msgpack.Decoder(Envelope)
_errors = msgspec.msgpack.Decoder(ErrorBody)


@dataclass(frozen=True, slots=True)
class Codec:
    """Writes and reads what one source answered. `secret` is known to those only who may share its answers."""

    secret: bytes = field(repr=False)
    _shapes: "dict[type, Shape[Any]]" = field(default_factory=dict, init=False, repr=False)

    def encode(self, key: bytes, answer: Answer, deletions: int) -> bytes:
        """The answer to be kept under a key.

        Raises:
            UnshareableError: It is too large, or of a kind that bytes cannot bring back.
        """
        try:
            body = _encoder.encode(Envelope(answer.as_of, answer.lifetime, deletions, self._body(answer.value)))
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise UnshareableError(type(error).__name__) from error
        if len(body) > LARGEST:
            raise UnshareableError("too large")
        form = PLAIN
        if len(body) >= COMPRESSED_FROM:
            form, body = DEFLATED, zlib.compress(body, level=1)
        head = bytes((FORMAT, form))
        return head + self._seal(key, head, body) + body

    def decode(self, key: bytes, data: bytes) -> tuple[Answer, int]:
        """The answer under a key, as young as it was, and how many deletions there had been.

        Raises:
            UnshareableError: The bytes are not what `encode` gave for this key.
        """
        head, seal, body = data[:2], data[2 : 2 + SEAL], data[2 + SEAL :]
        if head not in (bytes((FORMAT, PLAIN)), bytes((FORMAT, DEFLATED))):
            raise UnshareableError("of another version")
        if not compare_digest(seal, self._seal(key, head, body)):
            raise UnshareableError("damaged, or of another source")
        try:
            if head[1] == DEFLATED:
                body = zlib.decompressobj().decompress(body, LARGEST)
            envelope = _envelopes.decode(body)
            value = self._value(envelope.body)
        except (zlib.error, msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
            raise UnshareableError(type(error).__name__) from error
        return Answer(value, envelope.as_of, envelope.lifetime), envelope.deletions

    def _seal(self, key: bytes, head: bytes, body: bytes) -> bytes:
        seal = blake2b(key=self.secret, digest_size=SEAL)
        for part in (len(key).to_bytes(2, "big"), key, head, body):
            seal.update(part)
        return seal.digest()

    def _body(self, value: Value | MissingError | Told) -> Body:
        if isinstance(value, Page):
            runs, unreadable = value.read_through()
            return PageBody(self._records(runs), value.next_cursor, value.total, tuple(unreadable), value.as_of)
        if isinstance(value, StepList):
            doubt = None if value.doubt is None else _error_body(value.doubt)
            return StepsBody(self._records(value.steps), value.run_error, value.unreadable, doubt)
        if isinstance(value, Execution):
            return RunBody(self._records([value]))
        if isinstance(value, MissingError):
            return _error_body(value)
        if isinstance(value, Told):
            raise UnshareableError("nothing that was asked for")
        return WorkflowsBody(value)

    def _value(self, body: Body) -> Value | MissingError:
        match body:
            case PageBody(records, next_cursor, total, unreadable, as_of):
                runs = self._read(records, Execution)
                return Page(executions=runs, next_cursor=next_cursor, total=total, unreadable=unreadable, as_of=as_of)
            case StepsBody(records, run_error, unreadable, doubt):
                steps, why = tuple(self._read(records, ExecutionStep)), None if doubt is None else _error(doubt)
                return StepList(steps=steps, run_error=run_error, unreadable=unreadable, doubt=why)
            case RunBody(records):
                (run,) = self._read(records, Execution)
                return run
            case WorkflowsBody(workflows):
                return workflows
            case ErrorBody():
                error = _error(body)
                if isinstance(error, MissingError):
                    return error
                raise ValueError("an error is no answer")

    def _records(self, values: Sequence[Execution | ExecutionStep]) -> list[Records]:
        records = []
        for kind, some in groupby(values, type):
            shape: Shape[Execution | ExecutionStep] = self._shape(kind)
            records.append(Records(name_of(kind), Raw(_encoder.encode([shape.row(one) for one in some]))))
        return records

    def _read(self, records: Sequence[Records], base: type[R]) -> list[R]:
        values: list[R] = []
        for some in records:
            kind = next((kind for kind in _descendants(base) if name_of(kind) == some.kind), None)
            if kind is None:
                raise ValueError("records of a class that is not loaded")
            values += self._shape(kind).read(some.rows)
        return values

    def _shape(self, kind: type[R]) -> "Shape[R]":
        if kind not in self._shapes:
            self._shapes[kind] = Shape(kind)
        return self._shapes[kind]


class Shape(Generic[R]):
    """How records of one class are written: as a list of their fields."""

    def __init__(self, kind: type[R]) -> None:
        """Takes the class.

        Raises:
            UnshareableError: It has fields whose types do not say what to read back.
        """
        self._form = _form_of_record(kind)
        if any(isinstance(part, _VAGUE) for part in _parts(inspect.type_info(self._form.wire), set())):
            raise UnshareableError(f"{name_of(kind)} has fields of any type")
        self._rows = msgspec.msgpack.Decoder(list[self._form.wire])  # type: ignore[name-defined]  # made just now

    def row(self, value: R) -> Any:
        """Its fields."""
        return self._form.write(value)

    def read(self, rows: Raw) -> list[R]:
        """The records again."""
        return [self._form.read(row) for row in self._rows.decode(rows)]


class Form(NamedTuple):
    """How values of one type are written, where they are not simply written as they are: undecoded JSON as bytes."""

    wire: Any
    "The type that is written and read."
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _form_of_record(kind: type[Struct]) -> Form:
    forms = [(one.name, _form_of(one.type)) for one in structs.fields(kind)]
    fields = [
        (one.name, one.type if form is None else form.wire)
        for one, (_, form) in zip(structs.fields(kind), forms, strict=True)
    ]
    wire = msgspec.defstruct(f"{kind.__name__}Row", fields, array_like=True, forbid_unknown_fields=True)
    special = [(name, form) for name, form in forms if form is not None]

    def write(value: Struct) -> Struct:
        row = structs.asdict(value)
        for name, form in special:
            row[name] = form.write(row[name])
        return wire(**row)

    def read(row: Struct) -> Struct:
        value = structs.asdict(row)
        for name, form in special:
            value[name] = form.read(value[name])
        return kind(**value)

    return Form(wire, write, read)


def _form_of(kind: Any) -> Form | None:  # one for each kind of type
    """None where no undecoded JSON is in it."""
    if kind is Raw:
        return Form(bytes, bytes, Raw)
    if isinstance(kind, type) and issubclass(kind, Struct) and any(_form_of(one.type) for one in structs.fields(kind)):
        return _form_of_record(kind)
    origin, inner = get_origin(kind), [one for one in get_args(kind) if one not in (NoneType, ...)]
    form = _form_of(inner[-1]) if inner else None
    if form is None:
        return None
    wire, write, read = form
    if origin in (Union, UnionType) and len(inner) == 1:
        return Form(
            wire | None,
            lambda value: None if value is None else write(value),
            lambda value: None if value is None else read(value),
        )
    if origin is dict:
        return Form(
            GenericAlias(dict, (inner[0], wire)),
            lambda many: {name: write(one) for name, one in many.items()},
            lambda many: {name: read(one) for name, one in many.items()},
        )
    if origin is not list and (origin is not tuple or get_args(kind) != (inner[0], ...)):
        return None
    return Form(GenericAlias(list, wire), lambda many: list(map(write, many)), lambda many: origin(map(read, many)))


_VAGUE = (inspect.AnyType, inspect.CustomType, inspect.RawType, inspect.ExtType)


def _parts(info: object, seen: set[int]) -> Iterator[object]:
    """A type's description and all that are in it."""
    if isinstance(info, list | tuple):
        for one in info:
            yield from _parts(one, seen)
    elif isinstance(info, Struct) and id(info) not in seen:
        seen.add(id(info))
        yield info
        for name in info.__struct_fields__:
            yield from _parts(getattr(info, name), seen)


def _descendants(base: type[C]) -> Iterator[type[C]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _descendants(kind)


def name_of(kind: type) -> str:
    """A class by the place where it is defined."""
    return f"{kind.__module__}:{kind.__qualname__}"


def encode_error(error: ConnectorError) -> bytes:
    """An error, for those who wait for the same answer."""
    return _encoder.encode(_error_body(error))


def decode_error(data: bytes) -> ConnectorError:
    """The error; when it cannot be read, one that says as much as is sure."""
    try:
        return _error(_errors.decode(data))
    except (msgspec.MsgspecError, TypeError, ValueError):
        return UnreachableError("another process could not get an answer")


def _error_body(error: ConnectorError) -> ErrorBody:
    return ErrorBody(type(error).__name__, error.message, error.http_status, error.reference, error.retry_after)


def _error(body: ErrorBody) -> ConnectorError:
    kinds = {kind.__name__: kind for kind in _errors_below(ConnectorError)}
    kind = kinds.get(body.kind, UnreachableError)
    return kind(body.message, http_status=body.http_status, reference=body.reference, retry_after=body.retry_after)


def _errors_below(base: type[ConnectorError]) -> Iterator[type[ConnectorError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _errors_below(kind)
