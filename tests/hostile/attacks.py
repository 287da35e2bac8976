"""The attacks of this folder, for the tests and for benchmarks: a TOML file each, with the requests it consists of.

A request is a `query` with `variables`, a `body` as text, or made by `generate`, a function of `generators.py`, with
`count`, where it is too large to be written down. `codes` are the ones it may be refused with; "" stands for an answer.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hostile import generators

HERE = Path(__file__).parent
JSON = "application/json"


@dataclass(frozen=True)
class Attack:
    """One hostile request."""

    name: str
    codes: frozenset[str]
    body: bytes
    method: str = "POST"
    path: str = "/graphql"
    headers: Mapping[str, str] = field(default_factory=dict)


def attacks() -> list[Attack]:
    """All of them, by name: the file's, and the number in it."""
    found = []
    for file in sorted(HERE.glob("*.toml")):
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        found += [_attack(f"{file.stem}[{index}]", one) for index, one in enumerate(told["request"])]
    return found


def _attack(name: str, told: Mapping[str, Any]) -> Attack:
    codes = told["codes"]
    return Attack(
        name=name,
        codes=frozenset([codes] if isinstance(codes, str) else codes),
        body=_body(told),
        method=told.get("method", "POST"),
        path=told.get("path", "/graphql"),
        headers={"Accept": "application/graphql-response+json, application/json;q=0.9", "Content-Type": JSON}
        | told.get("headers", {}),
    )


def _body(told: Mapping[str, Any]) -> bytes:
    if "generate" in told:
        made = getattr(generators, told["generate"])(told["count"])
        return made if isinstance(made, bytes) else json.dumps({"query": made}).encode()
    if "query" in told:
        return json.dumps({"query": told["query"], "variables": told.get("variables")}).encode()
    return str(told.get("body", "")).encode()
