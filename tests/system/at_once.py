"""Questions asked many times at once, and what they cost the providers."""

from collections import Counter

from sandbox import PROVIDERS, Call, Run, Sandbox, Workflow, World
from schema.instant import SECOND
from tests.system.service import NOW

QUERY = """{ executionHistory(first: 6) {
  nodes { id status workflow { name } steps { nodes { name } } } complete sources { source status count } } }"""
TOKENS = ("/iam/v1/tokens", "/oauth/token")


def small_sandbox() -> Sandbox:
    """All providers, each with a workflow of two runs: pages are cheap, and made of the runs of all."""
    worlds = {name: _small(number) for number, name in enumerate(PROVIDERS)}
    return Sandbox(now=NOW, limits=False, worlds=worlds)


def _small(provider: int) -> World:
    runs = [
        Run(id=f"run-{place}", workflow="flow", started_at=start, ended_at=start + SECOND)
        for place in range(2)
        for start in [NOW - (place * len(PROVIDERS) + provider + 1) * 60 * SECOND]
    ]
    return World([Workflow(id="flow", name="Flow")], runs)


def counted(calls: list[Call]) -> Counter[tuple[str, ...]]:
    """By all that is asked, tokens aside: each process has its own."""
    return Counter(
        (call.provider, call.method, call.path, str(sorted(call.query.items())), call.body)
        for call in calls
        if not call.path.endswith(TOKENS)
    )


def tokens(calls: list[Call]) -> int:
    """How often a token was asked for: never twice in the same words."""
    return sum(call.path.endswith(TOKENS) for call in calls)
