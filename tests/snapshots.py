"""What is written down once and has to stay true: the printed schema, and the README's generated parts.

`python -m tests.snapshots` writes them anew; the tests only compare.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from graphql import print_schema

from app import build_schema
from connectors.contract import Capabilities, Filter
from connectors.declaration import Provider
from connectors.registry import find_providers
from sandbox import Sandbox
from schema.instant import Instant
from tests.system.calls import measure, table
from tests.system.serving_api import api_over

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CALLS = ROOT / "docs" / "calls.md"
SCHEMA = ROOT / "tests" / "schema" / "printed.graphql"
HELD_CLOCK = Instant.parse("2026-11-20T08:00:00Z").ns


def printed_schema() -> str:
    """The schema as clients see it."""
    return print_schema(build_schema(find_providers())) + "\n"


def provider_table() -> str:
    """The README's table, from what the connectors declare."""
    head = ["", "lists", "order", "filters of its own", "steps", "total", "keeps runs", "calls at most", "deletes"]
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(_row(provider))} |" for _, provider in sorted(find_providers().items())]
    return "\n".join(lines) + "\n"


def part(readme: str, name: str) -> str:
    """What stands between the marks of that name."""
    return readme.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


def with_part(text: str, name: str, new: str) -> str:
    """The text with something else between the marks of that name."""
    return text.replace(f"<!-- {name} -->\n{part(text, name)}", f"<!-- {name} -->\n{new}")


def fenced(readme: str, name: str) -> str:
    """The code of a part."""
    return part(readme, name).partition("\n")[2].rpartition("```")[0]


async def readme_answer(query: str) -> dict[str, Any]:
    """What the API answers over the sandbox whose clock is held."""
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(now=HELD_CLOCK, limits=False) as sandbox, api_over(sandbox, Path(folder)) as api:
            status, answer = await api.post(query)
    assert status == 200
    return answer


def with_generated(readme: str) -> str:
    """The README with its generated parts as of now."""
    answer = json.dumps(asyncio.run(readme_answer(fenced(readme, "query"))), indent=2, ensure_ascii=False)
    return with_part(with_part(readme, "providers", provider_table()), "answer", f"```json\n{answer}\n```\n")


def _row(provider: Provider) -> list[str]:
    can = provider.capabilities
    return [
        f"**{provider.title}** (`{provider.name}`)",
        f"{'one per workflow' if can.partitioned else 'one for all'}, by {can.paging}, {can.page_size} a page",
        _order(can),
        ", ".join(one for one in Filter if one in can.pushes_down) or "none",
        _steps(can),
        "yes" if can.counts else "no",
        f"{can.retention.days} days" if can.retention else "not published",
        f"{can.rate.requests:g} in {can.rate.seconds:g} s{'' if can.rate_is_published else ' (ours)'}",
        "yes" if can.deletes else "no",
    ]


def _order(can: Capabilities) -> str:
    if not can.orders:
        return "none, sorted here"
    ways = "both ways" if len(can.orders) > 1 else "newest first"
    return f"{ways}, {'promised' if can.order_promised else 'checked as read'}"


def _steps(can: Capabilities) -> str:
    times = "with times" if can.has_step_times else "without times"
    return f"{can.steps_per_call} run{'s' if can.steps_per_call > 1 else ''} a call, {times}"


if __name__ == "__main__":
    SCHEMA.write_text(printed_schema(), encoding="utf-8")
    README.write_text(with_generated(README.read_text(encoding="utf-8")), encoding="utf-8")
    print("Counting calls, page by page: half a minute")
    counted = table(asyncio.run(measure()))
    CALLS.write_text(with_part(CALLS.read_text(encoding="utf-8"), "calls", counted), encoding="utf-8")
