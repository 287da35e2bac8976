"""Faults of one record among others: what it says cannot be read, by its syntax or by its sense.

The first page that is hit decides which: its middle one. The same record is spoiled wherever it comes again, and no
other, so that the list is whole but for it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from sandbox.faults.active import Blow
from sandbox.faults.fault import Fault, Kind, Parameter, Strike
from sandbox.faults.shapes import SHAPES, Shape, name_of, places, put, read
from sandbox.faults.targets import EXECUTIONS
from sandbox.faults.transport import body_of
from sandbox.model import JSON

Record = dict[str, JSON]
Spoil = Callable[[Record, Shape, Blow], bytes]  # the record as JSON that will be sent

_MARK = "the-place-of-the-fault"
_QUOTED = f'"{_MARK}"'.encode()


def _spoiling(spoil: Spoil) -> Strike:
    async def strike(blow: Blow) -> web.StreamResponse:
        response = await blow.answer()
        if response.status != 200 or response.content_type != "application/json":
            return response
        shape, wrapper = SHAPES[blow.server.name], [msgspec.json.decode(body_of(response))]
        found = {name_of(shape, place): place for place in places(wrapper)}
        wanted = _wanted(blow, list(found))
        if wanted not in found:
            return response
        container, key = found[wanted]
        raw = spoil(container[key], shape, blow)
        container[key] = _MARK
        response.body = msgspec.json.encode(wrapper[0]).replace(_QUOTED, raw)
        blow.hit(wanted)
        return response

    return strike


def _wanted(blow: Blow, names: list[str]) -> str:
    """The id of the record to spoil."""
    named, memory = str(blow.parameter("record")), blow.active.memory
    if not named and names:
        named = memory.setdefault("record", names[len(names) // 2])
    return named


def _with(path: Callable[[Shape], str], raw: Callable[[Blow], bytes]) -> Spoil:
    """Puts a value into a field that our own encoder would not write."""

    def spoil(record: Record, shape: Shape, blow: Blow) -> bytes:
        put(record, path(shape), _MARK)
        return msgspec.json.encode(record).replace(_QUOTED, raw(blow))

    return spoil


def _in_text(raw: bytes) -> Spoil:
    """Puts bytes at the end of a text."""

    def spoil(record: Record, shape: Shape, blow: Blow) -> bytes:
        del blow
        put(record, shape.text, f"{read(record, shape.text) or 'text'}{_MARK}")
        return msgspec.json.encode(record).replace(_MARK.encode(), raw)

    return spoil


def _duplicate_keys(record: Record, shape: Shape, blow: Blow) -> bytes:
    """A false value first, then the true one: right for whoever takes the last, and readable for whoever does not."""
    del blow
    false = "DUPLICATE" if isinstance(record.get(shape.status), str) else not record.get(shape.status)
    return msgspec.json.encode({shape.status: false})[:-1] + b"," + msgspec.json.encode(record)[1:]


def _wrong_types(record: Record, shape: Shape, blow: Blow) -> bytes:
    del blow
    return msgspec.json.encode({name: value if name == shape.id else _wrong(value) for name, value in record.items()})


def _wrong(value: JSON) -> JSON:
    match value:
        case bool():
            return "perhaps"
        case int() | float():
            return {"value": value}
        case str():
            return [value, 17]
        case list():
            return {"items": 17}
        case _:
            return 17


def _missing_required(record: Record, shape: Shape, blow: Blow) -> bytes:
    record.pop(str(blow.parameter("field")) or shape.id, None)
    return msgspec.json.encode(record)


def _unknown_enum(record: Record, shape: Shape, blow: Blow) -> bytes:
    """Informer has no word of status, but keys of results."""
    word: Any = blow.parameter("value")
    if shape.status == "success":
        told = {"task": {"key": word}, "result": {"key": word, "success": None, "status": word}}
        record |= {"success": None, "progress": [told]}
    else:
        record[shape.status] = word
    return msgspec.json.encode(record)


async def _extra_fields(blow: Blow) -> web.StreamResponse:
    response = await blow.answer()
    if response.status != 200 or response.content_type != "application/json":
        return response
    wrapper = [msgspec.json.decode(body_of(response))]
    for container, key in places(wrapper):
        if isinstance(container[key], dict):
            container[key] |= {"aNewField": {"nested": [1, "two", None]}, "__proto__": None, "": 0, "Ünlü": "é\u2028"}
    response.body = msgspec.json.encode(wrapper[0])
    blow.hit()
    return response


def _fault(name: str, description: str, spoil: Spoil, **parameters: Parameter) -> Fault:
    known: Mapping[str, Parameter] = {"record": Parameter(""), **parameters}
    return Fault(name, Kind.BODY, description, _spoiling(spoil), parameters=known, targets=EXECUTIONS)


RECORD_FAULTS = (
    _fault("bad-utf8", "A text of one record holds bytes that are no UTF-8.", _in_text(b"\xff\xfe")),
    _fault("lone-surrogate", "A text of one record holds the escape of half a character.", _in_text(rb"\ud83d")),
    _fault("nan", "A number of one record is `value`: NaN, Infinity or -Infinity.",
           _with(lambda shape: shape.number, lambda blow: str(blow.parameter("value")).encode()),
           value=Parameter("NaN")),
    _fault("huge-int", "A number of one record has `digits` digits.",
           _with(lambda shape: shape.number, lambda blow: b"9" * int(blow.number("digits"))),
           digits=Parameter(5000, 1)),
    _fault("deep-nesting", "One record holds `depth` lists in each other.",
           _with(lambda _: "nested", lambda blow: b"[" * int(blow.number("depth")) + b"]" * int(blow.number("depth"))),
           depth=Parameter(100_000, 1)),
    _fault("duplicate-keys", "One record has its status twice, the true one last.", _duplicate_keys),
    _fault("wrong-types", "Every field of one record but its id has a wrong type.", _wrong_types),
    _fault("missing-required", "One record is without its id, or without `field`.", _missing_required,
           field=Parameter("")),
    _fault("unknown-enum", "The status of one record is a word that nobody knows, `value`.", _unknown_enum,
           value=Parameter("UNHEARD_OF")),
    Fault("extra-fields", Kind.BODY, "Every record has fields that nobody knows.", _extra_fields, targets=EXECUTIONS),
)  # fmt: skip
