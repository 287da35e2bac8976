"""What a handler gives back: JSON, or a refusal that may be raised from any depth."""

from collections.abc import Mapping
from typing import NoReturn

import msgspec
from aiohttp import web

from sandbox.model import JSON


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, body: JSON, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, headers


def answer(body: JSON, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON, unless the body is a text: that is sent as it is."""
    if isinstance(body, str):
        return web.Response(text=body, status=status, headers=headers)
    return web.Response(
        body=msgspec.json.encode(body), status=status, headers=headers, content_type="application/json", charset="utf-8"
    )


def whole_number(text: str, refuse: Refused, least: int = 0) -> int:
    """A query parameter that counts something.

    Raises:
        Refused: `refuse`, when it does not.
    """
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise refuse
    return int(text)


def never(refusal: Refused) -> NoReturn:
    """Raise it, where only an expression fits."""
    raise refusal
