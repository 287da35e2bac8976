"""Boomi Spaces from the other side: its `executionHistory`, for frontends that were written for it. Source: the Spaces
page «Get execution history for a process».
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from connectors.contract import Door, ExecutionQuery, Range
from connectors.providers.boomi.records import RECORD, WORDS
from connectors.reading import decode, integer
from schema import HERE as SCHEMA
from schema.model import Execution

MAX_ROWS = 1000
"What the Spaces screen shows; there is no way to ask for more."
LONGS = ("executionDuration", "inboundDocumentSize", "outboundDocumentSize")

ASKED = (
    "executionId", "originalExecutionId", "account", "executionTime", "status", "atomName", "atomId",
    "executionDuration", "message",
)  # fmt: skip
SHOWN = (
    "executionType", "processName", "inboundDocumentCount", "inboundErrorDocumentCount", "outboundDocumentCount",
    "inboundDocumentSize", "outboundDocumentSize",
)  # fmt: skip
SAMPLE = re.compile(r"\{[\s,]*" + r"[\s,]+".join(ASKED) + r"[\s,]*\}")


def read_input(given: Mapping[str, Any]) -> ExecutionQuery:
    """`executionTime` is a lower bound: the documented sample asks for 2016 and shows a run of 2023."""
    return ExecutionQuery(
        limit=MAX_ROWS,
        workflow_ids=frozenset({given["processId"]}),
        statuses=frozenset({WORDS(given["status"])}),
        started=Range(given["executionTime"].ns),
    )


def write_record(run: Execution, given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A run as Spaces tells it, its numbers of 64 bits as `["Long", "5816"]`. None for one of another state."""
    if run.raw_status != given["status"]:
        return None  # STARTED and INPROCESS are one state here
    wire: dict[str, Any] = msgspec.to_builtins(decode(RECORD, run.raw or b"", "ExecutionRecord"))
    pairs = {name: None if wire[name] is None else ["Long", str(integer(wire[name]))] for name in LONGS}
    return {**wire, **pairs, "executionTime": run.started_at}


def read_document(text: str) -> str:
    """The documented sample asks for nine fields and is answered with others: who sends it gets both."""
    return SAMPLE.sub("{ " + " ".join(ASKED + SHOWN) + " }", text)


SPACES = Door(
    sdl=(SCHEMA / "doors" / "spaces.graphql").read_text(encoding="utf-8"),
    field="executionHistory",
    max_rows=MAX_ROWS,
    read_input=read_input,
    write=write_record,
    read_document=read_document,
)
