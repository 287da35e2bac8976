"""The data of the warm table: 500 runs with 5 steps each, of 20 workflows in five sources, the same at every run.

They are told once, as JSON values by the names of the SDL with `__typename`, and every server makes of them what suits
it best. Most runs have succeeded, as in life; some have failed and say why, a few are not over.
"""

import json
from pathlib import Path
from typing import Any

from schema.identity import pack
from schema.instant import SECOND, Instant
from schema.model import NANOSECONDS_PER_MS as MS

RUNS = 500
WORKFLOWS = 4
"Of each source."
STEPS = 5
NEWEST = 1_793_520_000 * SECOND  # 1 November 2026

SOURCES = {
    "boomi-eu": ("BOOMI", "Boomi"),
    "flows": ("YANDEX", "Yandex"),
    "llm": ("ARCEE", "Arcee"),
    "reports": ("INFORMER", "Informer"),
    "identity": ("SAILPOINT", "SailPoint"),
}
"Name of the source: the SDL's word for its provider, and how its types' names begin."

NAMES = ("Order to Cash", "Supplier Master Data", "Exchange Rates Import", "Joiner: Birthright Access")
STEP_NAMES = ("Start", "Fetch records", "Map fields", "Write to target", "Notify owner")
STEP_TYPES = ("start", "httpCall", "map", "connector", "message")

Json = dict[str, Any]


def runs() -> list[Json]:
    """All of them, the newest first."""
    return [_run(number) for number in range(RUNS)]


def expected(document: str, data: list[Json]) -> Json:
    """What the document has to be answered with: every field that it names, in its order, and nothing else."""
    words = iter(document.replace("{", " { ").replace("}", " } ").split())
    first = int(document.partition("first: ")[2].partition(")")[0])
    for word in words:
        if word == "executionHistory(first:":
            break
    next(words), next(words)
    return {"executionHistory": _select({"nodes": data[:first], "complete": True}, _fields(words))}


def write(folder: Path) -> Path:
    """A file with all runs, for servers in other languages."""
    file = folder / "runs.json"
    file.write_text(json.dumps(runs()), encoding="utf-8")
    return file


Fields = dict[str, Any]


def _fields(words: Any) -> Fields:
    """The selection up to its closing brace."""
    found: Fields = {}
    last = ""
    for word in words:
        if word == "}":
            break
        if word == "{":
            found[last] = _fields(words)
        else:
            found[word] = None
            last = word
    return found


def _select(value: Any, fields: Fields | None) -> Any:
    if fields is None or value is None:
        return value
    if isinstance(value, list):
        return [_select(one, fields) for one in value]
    return {name: _select(value[name], inner) for name, inner in fields.items()}


def _run(number: int) -> Json:
    source = list(SOURCES)[number % len(SOURCES)]
    provider, kind = SOURCES[source]
    place = number // len(SOURCES) % WORKFLOWS
    workflow, native = f"wf-{place + 1}", f"run-{RUNS - number:06d}"
    started = NEWEST - number * (37 * SECOND + 123 * MS)
    is_open, is_failed = number % 50 == 1, number % 12 == 5
    raw = "running" if is_open else "failed" if is_failed else "completed"
    ended = None if is_open else started + 5 * SECOND + number * MS
    steps = [_step(f"{kind}Step", (source, workflow, native), started, raw, at) for at in range(STEPS)]
    return {
        "__typename": f"{kind}Execution",
        "id": pack(source, workflow, native),
        "provider": provider,
        "source": source,
        "nativeId": native,
        "workflow": {
            "__typename": "Workflow",
            "id": pack(source, workflow),
            "provider": provider,
            "source": source,
            "nativeId": workflow,
            "name": NAMES[place],
        },
        "status": STATUS[raw],
        "rawStatus": raw,
        **_times(started, ended),
        "error": {"code": "E42", "message": "The target did not take the record"} if is_failed else None,
        "steps": {"nodes": steps},
    }


STATUS = {"completed": "SUCCEEDED", "failed": "FAILED", "running": "RUNNING"}


def _step(kind: str, run: tuple[str, ...], started: int, raw: str, at: int) -> Json:
    native = f"step-{at + 1}"
    is_last = at == STEPS - 1
    begins = started + at * SECOND
    return {
        "__typename": kind,
        "id": pack(*run, native),
        "nativeId": native,
        "name": STEP_NAMES[at],
        "type": STEP_TYPES[at],
        "status": STATUS[raw] if is_last else "SUCCEEDED",
        "rawStatus": raw if is_last else "completed",
        **_times(begins, None if is_last and raw == "running" else begins + (730 + at) * MS),
        "attempts": 2 if at == 3 else 1,
    }


def _times(started: int, ended: int | None) -> Json:
    return {
        "startedAt": Instant.of(started).text,
        "endedAt": None if ended is None else Instant.of(ended).text,
        "durationMs": None if ended is None else (ended - started) / MS,
    }


def count_fields(value: Any) -> int:
    """Fields in an answer."""
    if isinstance(value, list):
        return sum(map(count_fields, value))
    if isinstance(value, dict):
        return len(value) + sum(map(count_fields, value.values()))
    return 0
