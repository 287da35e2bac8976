"""What a call is for, told from its path: a fault may hit some calls and spare others, whatever the provider."""

import re
from collections.abc import Mapping
from enum import StrEnum


class Target(StrEnum):
    """What a call asks for."""

    EXECUTIONS = "executions"  # a page of a list of executions
    EXECUTION = "execution"  # one execution by itself
    STEPS = "steps"
    WORKFLOWS = "workflows"
    TOKENS = "tokens"
    OTHER = "other"


ALL = frozenset(Target)
ALL_BUT_TOKENS = ALL - {Target.TOKENS}
"What a fault hits unless told otherwise: a token call that fails hides what the calls after it would have met."
EXECUTIONS = frozenset({Target.EXECUTIONS})

_PATTERNS: Mapping[str, Mapping[Target, str]] = {
    "boomi": {
        Target.EXECUTIONS: r"/ExecutionRecord/query(More)?|/graphql",
        Target.STEPS: r"/ExecutionConnector/query(More)?",
        Target.WORKFLOWS: r"/Process/query(More)?",
        Target.TOKENS: r"/auth/jwt/generate/[^/]+",
    },
    "yandex": {
        Target.EXECUTIONS: r"/execution",
        Target.EXECUTION: r"/execution/[^/]+",
        Target.STEPS: r"/execution/[^/]+/history",
        Target.WORKFLOWS: r"/workflow(/[^/]+)?",
        Target.TOKENS: r"/iam/v1/tokens",
    },
    "arcee": {
        Target.EXECUTIONS: r"/runs",
        Target.EXECUTION: r"/runs/[^/]+",
        Target.STEPS: r"/runs/[^/]+/steps",
        Target.WORKFLOWS: r"/workflows",
    },
    "informer": {
        Target.EXECUTIONS: r"/history",
        Target.EXECUTION: r"/history/[^/]+",  # which has its steps in it
        Target.WORKFLOWS: r"/api/jobs(-list|/[^/]+)?",
    },
    "sailpoint": {
        Target.TOKENS: r"/oauth/.*",
        Target.STEPS: r"/history(-v2)?",
        Target.EXECUTIONS: r"/executions",
        Target.EXECUTION: r"/workflow-executions(/v1)?/[^/]+",
        Target.WORKFLOWS: r"/workflows(/v1)?(/[^/]+)?",
    },
}
_COMPILED = {
    provider: [(target, re.compile(f".*{pattern}")) for target, pattern in patterns.items()]
    for provider, patterns in _PATTERNS.items()
}


def target_of(provider: str, path: str) -> Target:
    """What a call to a path asks for."""
    return next((target for target, pattern in _COMPILED[provider] if pattern.fullmatch(path)), Target.OTHER)
