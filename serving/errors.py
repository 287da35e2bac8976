"""What clients see of errors: every one has a code; one of ours is logged whole and shown as a reference only."""

from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

log = structlog.get_logger("histograph.graphql")


def format_error(error: GraphQLError, debug: bool = False) -> dict[str, Any]:
    """An error as it stands in an answer."""
    cause = error.original_error
    if cause is not None and not isinstance(cause, GraphQLError):
        reference = uuid4().hex[:12]
        log.error("unexpected error", reference=reference, path=error.path, exc_info=cause)
        shown = GraphQLError(f"Internal error, reference {reference}", error.nodes, path=error.path).formatted
        return {**shown, "extensions": {"code": "INTERNAL_SERVER_ERROR", "reference": reference}}
    code = (error.extensions or {}).get("code") or _code_of(error)
    log.info("request error", code=code, path=error.path)
    return {**error.formatted, "extensions": {**(error.extensions or {}), "code": code}}


def _code_of(error: GraphQLError) -> str:
    """Apollo's words. An error without a path was found before execution."""
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    if error.path is not None:
        return "BAD_USER_INPUT"
    return "BAD_USER_INPUT" if error.message.startswith("Variable ") else "GRAPHQL_VALIDATION_FAILED"
