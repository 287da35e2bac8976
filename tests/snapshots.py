"""What is written down once and has to stay true: the printed schema, and the README's generated parts.

`python -m tests.snapshots` writes them anew; the tests only compare.
"""

import re
from pathlib import Path

from graphql import print_schema

from app import build_schema
from connectors.contract import Capabilities, Filter
from connectors.declaration import Provider
from connectors.registry import find_providers

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SCHEMA = ROOT / "tests" / "schema" / "printed.graphql"
TABLE = re.compile(r"(<!-- providers -->\n).*?(<!-- /providers -->)", flags=re.DOTALL)


def printed_schema() -> str:
    """The schema as clients see it."""
    return print_schema(build_schema(find_providers())) + "\n"


def provider_table() -> str:
    """The README's table, from what the connectors declare."""
    head = ["", "lists", "order", "filters of its own", "steps", "total", "keeps runs", "calls at most", "deletes"]
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(_row(provider))} |" for _, provider in sorted(find_providers().items())]
    return "\n".join(lines) + "\n"


def with_table(readme: str) -> str:
    """The README with the table of now."""
    return TABLE.sub(lambda match: f"{match[1]}{provider_table()}{match[2]}", readme)


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
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
