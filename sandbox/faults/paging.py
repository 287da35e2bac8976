"""Faults of a list's pages: too long, always the same, without an end."""

import re
from typing import Any

import msgspec
from aiohttp import web

from sandbox.faults.active import Blow
from sandbox.faults.fault import Fault, Kind, Parameter, Strike
from sandbox.faults.shapes import SHAPES, Shape, places
from sandbox.faults.targets import EXECUTIONS
from sandbox.faults.transport import body_of
from sandbox.model import JSON, SECOND
from sandbox.providers.base import PAGE_SIZE
from sandbox.stamps import instant, stamp

_MADE_UP = re.compile(r"never-ends-(\d+)-(\d+)")
_NUMBER = "the-number-of-the-record"
_VARIES = re.compile(rf'((?<=")\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{{1,9}})?Z(?=")|{_NUMBER})')


async def _huge_page(blow: Blow) -> web.StreamResponse:
    """The provider's own records, more than were asked for."""
    limit = _limit(blow)
    blow.request[PAGE_SIZE] = int(blow.number("rows"))
    response = await blow.answer()
    if response.status == 200 and len(places([msgspec.json.decode(body_of(response))])) > limit:
        blow.hit()
    return response


async def _page_loops(blow: Blow) -> web.StreamResponse:
    shape, memory = SHAPES[blow.server.name], blow.active.memory
    if shape.offset:
        url = blow.request.rel_url
        if url.query.get(shape.offset, "0") == "0":
            return await blow.answer()
        blow.hit()
        return await blow.answer(blow.request.clone(rel_url=url.without_query_params(shape.offset)))
    token = await _token(blow)
    if token in memory:
        blow.hit()
        return web.Response(body=memory[token], content_type="application/json")
    response = await blow.answer()
    if (body := _page(response)) is not None and body.get(shape.next_token):
        memory[body[shape.next_token]] = body_of(response)
    return response


async def _pages_never_end(blow: Blow) -> web.StreamResponse:
    """After the last record there are always more.

    They begin years earlier, so that in a list put together of several, all that is true comes before them.
    """
    shape = SHAPES[blow.server.name]
    return await (_filled_page(blow, shape) if shape.offset else _one_more_page(blow, shape))


async def _filled_page(blow: Blow, shape: Shape) -> web.StreamResponse:
    """By offset: a page that is not full is filled."""
    response, limit = await blow.answer(), _limit(blow)
    body = _page(response)
    if body is None:
        return response
    query = blow.request.rel_url.query
    offset = int(query.get(shape.offset, 0))
    list_ = str(blow.request.rel_url.without_query_params(shape.offset, shape.limit[0]))
    rows = body if isinstance(body, list) else next(iter(body["_embedded"].values()))
    end, mold = blow.active.memory.get(list_, (0, None))
    if rows and offset + len(rows) > end:
        end, mold = blow.active.memory[list_] = offset + len(rows), _Mold(blow, rows[-1], shape)
    missing = range(max(offset + len(rows), end), offset + limit)
    if mold is None or (not missing and isinstance(body, list)):
        return response  # an empty list has nothing to make more of; a full page without a total says nothing of more
    rows += [mold.cast(index - end + 1) for index in missing]
    if isinstance(body, dict):
        body |= {"count": len(rows), "total": offset + 2 * limit}
    response.body = msgspec.json.encode(body)
    blow.hit()
    return response


async def _one_more_page(blow: Blow, shape: Shape) -> web.StreamResponse:
    """By token: the last page has a token too, and what it leads to another."""
    lists: list[Any] = blow.active.memory.setdefault("lists", [])
    if made_up := _MADE_UP.fullmatch(await _token(blow)):
        number, page = int(made_up[1]), int(made_up[2])
        (name, mold, body), limit = lists[number], _limit(blow)
        body = body | {name: [mold.cast(page * limit + index + 1) for index in range(limit)]}
        if "numberOfResults" in body:
            body["numberOfResults"] = limit
        response = web.Response(content_type="application/json")
    else:
        response = await blow.answer()
        body = _page(response)
        name = next((name for name in ("result", "executions") if body and body.get(name)), "")
        if not name or body.get(shape.next_token):
            return response
        number, page = len(lists), -1
        lists.append((name, _Mold(blow, body[name][-1], shape), body))
    body[shape.next_token] = f"never-ends-{number}-{page + 1}"
    response.body = msgspec.json.encode(body)
    blow.hit()
    return response


class _Mold:
    """Makes further records of one: the same again under other ids, each a second earlier than the one before.

    It is taken apart once, since endless lists are read until somebody's patience ends.
    """

    def __init__(self, blow: Blow, record: JSON, shape: Shape) -> None:
        text = msgspec.json.encode(record | {shape.id: f"{record[shape.id]}-{_NUMBER}"}).decode()
        self._parts = _VARIES.split(text)  # text, what varies, text, …
        gap = int(blow.number("gap")) * SECOND
        self._times = {part: instant(part) - gap for part in self._parts[1::2] if part != _NUMBER}

    def cast(self, number: int) -> msgspec.Raw:
        """The record with a number from 1."""
        made = [
            part if place % 2 == 0 else str(number) if part == _NUMBER else self._earlier(part, number)
            for place, part in enumerate(self._parts)
        ]
        return msgspec.Raw("".join(made).encode())

    def _earlier(self, time: str, seconds: int) -> str:
        return stamp(self._times[time] - seconds * SECOND, len(time.partition(".")[2]) - 1 if "." in time else 0)


def _page(response: web.Response) -> JSON:
    """The body; None if it is no page."""
    is_page = response.status == 200 and response.content_type == "application/json"
    return msgspec.json.decode(body_of(response)) if is_page else None


def _limit(blow: Blow) -> int:
    """How many records the call asks for."""
    name, usual = SHAPES[blow.server.name].limit
    asked = blow.request.rel_url.query.get(name, "")
    return (int(asked) if asked.isdigit() else 0) or usual


async def _token(blow: Blow) -> str:
    """The page token that the call bears."""
    if blow.request.path.endswith("/queryMore"):
        return await blow.request.text()
    return blow.request.rel_url.query.get("pageToken", "")


def _fault(name: str, description: str, strike: Strike, **parameters: Parameter) -> Fault:
    return Fault(name, Kind.PAGING, description, strike, parameters=parameters, targets=EXECUTIONS)


PAGING_FAULTS = (
    _fault("huge-page", "The limit is ignored: a page holds up to `rows` records.", _huge_page,
           rows=Parameter(5000, 1)),
    _fault("page-loops", "Every further page is the first one again, with the same token.", _page_loops),
    _fault("pages-never-end", "After the last record come more, made up, that began `gap` seconds earlier.",
           _pages_never_end, gap=Parameter(5 * 365 * 86_400)),
)  # fmt: skip
