"""Where the records lie in the providers' answers, and by which names their fields go."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.model import JSON

Place = tuple[Any, Any]  # a list or a dict, and the index or the key in it


@dataclass(frozen=True, slots=True)
class Shape:
    """A provider's execution, and how its list goes on. A path with dots leads into objects that may have to be made.

    Args:
        number, text: Fields that hold such; where a list has none, one that the provider's schema would allow.
        offset: The query parameter with the place of a page; empty: pages go by tokens.
        limit: The query parameter with the length of a page, and what it is by default.
        next_token: The member of the answer with the next token.
    """

    id: str
    status: str
    number: str
    text: str
    offset: str = ""
    limit: tuple[str, int] = ("", 100)
    next_token: str = ""


SHAPES: Mapping[str, Shape] = {
    "boomi": Shape("executionId", "status", "inboundDocumentCount", "processName", next_token="queryToken"),  # noqa: S106
    "yandex": Shape(
        "id", "status", "input.inputValue.amount", "input.inputJson",
        limit=("pageSize", 100), next_token="nextPageToken",  # noqa: S106
    ),
    "arcee": Shape("id", "status", "elapsed_time", "inputs.prompt", offset="offset", limit=("limit", 100)),
    "informer": Shape("id", "success", "data.rows", "ownerId", offset="start", limit=("limit", 30)),
    "sailpoint": Shape("id", "status", "attributes.score", "requestId", offset="offset", limit=("limit", 250)),
}  # fmt: skip

_LISTS = ("result", "executions", "entries", "workflows", "history")
_SINGLE = ("execution", "workflow")


def places(wrapper: list[JSON]) -> list[Place]:
    """The records of the body that is the only item of `wrapper`: those of its list, or the one that it is."""
    (body,) = wrapper
    found = _list_in(body)
    if found is not None:
        return [(found, index) for index in range(len(found))]
    if not isinstance(body, dict):
        return []
    for name in _SINGLE:
        if isinstance(body.get(name), dict):
            return [(body, name)]
    return [(wrapper, 0)] if "id" in body else []


def _list_in(body: JSON) -> list[JSON] | None:
    return next((found for found in _candidates(body) if isinstance(found, list)), None)


def _candidates(body: JSON) -> Iterator[JSON]:
    yield body
    if isinstance(body, dict):
        yield from (body.get(name) for name in _LISTS)
        yield from (body.get("_embedded") or {}).values()
        yield (body.get("data") or {}).get("executionHistory")


def name_of(shape: Shape, place: Place) -> str:
    """The id of a record, or where it stands in its list."""
    container, key = place
    record = container[key]
    ids = (record.get(name) for name in (shape.id, "id", "workflow_id")) if isinstance(record, dict) else ()
    return next((str(id_) for id_ in ids if id_), f"#{key}")


def read(record: JSON, path: str) -> JSON:
    """The field at a path; None if it is not there."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def put(record: dict[str, JSON], path: str, value: JSON) -> None:
    """Set the field at a path."""
    *above, last = path.split(".")
    for name in above:
        if not isinstance(record.get(name), dict):
            record[name] = {}
        record = record[name]
    record[last] = value
