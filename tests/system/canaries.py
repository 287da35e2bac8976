"""What must never be told: the secrets of the settings, the credentials made of them, and where both might slip out."""

import base64
import contextlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

import structlog

from sandbox import Sandbox
from sandbox.settings import SECRETS


def secrets(sandbox: Sandbox) -> set[str]:
    """What the settings hold. Of a key, its lines."""
    texts = [str(table[name]) for table in sandbox.sources.values() for name in SECRETS & table.keys()]
    lines = [line for text in texts if "private_key" in text for line in json.loads(text)["private_key"].split("\n")]
    return {text for text in [*texts, *lines] if len(text) >= 8 and not text.startswith("-----")}


def credentials(sandbox: Sandbox) -> set[str]:
    """What was sent over the wire to be let in."""
    found = set()
    for call in sandbox.calls:
        found |= {call.headers.get(name, "").partition(" ")[2] for name in ("authorization", "authentication")}
        if call.path.endswith("/iam/v1/tokens"):
            found |= set(json.loads(call.body).values())
    return found - {""}


def told_in(texts: Sequence[str], hidden: Iterable[str]) -> list[tuple[str, str]]:
    """Secrets that are in a text, in whatever form, each with the text's beginning."""
    forms = {form for secret in hidden for form in forms_of(secret)}
    return [(form, text[:300]) for text in texts for form in forms if form in text]


def forms_of(text: str) -> Iterator[str]:
    """As it is, and as encodings write it. Base64 has three forms, by what stands before."""
    yield text
    yield quote(text, safe="")
    for shift in range(3):
        packed = base64.b64encode(b" " * shift + text.encode()).decode()
        yield packed[4 if shift else 0 : len(packed) // 4 * 4 - 4]


@contextlib.contextmanager
def logs(lines: list[str]) -> Iterator[None]:
    """All that is logged meanwhile, however fine, ours and that of libraries."""

    def keep(_: Any, __: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        lines.append(repr(event))
        raise structlog.DropEvent

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    before, root, handler = structlog.get_config(), logging.getLogger(), Keeping()
    level = root.level
    structlog.configure(
        processors=[cast("Any", structlog.processors.format_exc_info), keep],
        wrapper_class=structlog.make_filtering_bound_logger("debug"),
    )
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        structlog.configure(**before)
