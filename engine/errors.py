"""Every code that an error can have: the one table, which the server, the tests and the documents read.

Apollo's words where Apollo has one, as those are what clients know; its router's for the limits.
"""

from collections.abc import Sequence
from enum import StrEnum

from graphql import GraphQLError, Node


class ErrorCode(StrEnum):
    """`extensions.code`, with the HTTP status that it brings and what it means.

    `status` is for a caller that accepts `application/graphql-response+json`, `status_2026` for the edition of
    September 2026. Codes `of_http` bring their status to every caller, as no GraphQL request was there to be answered;
    0 means that the code comes with data, and with its status.
    """

    status: int
    status_2026: int
    of_http: bool
    meaning: str

    def __new__(cls, word: str, status: int, status_2026: int, of_http: bool, meaning: str) -> "ErrorCode":
        """A member is its word, and carries the rest of its row."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.status, member.status_2026, member.of_http, member.meaning = status, status_2026, of_http, meaning
        return member

    BAD_REQUEST = "BAD_REQUEST", 400, 422, True, "Not a GraphQL request: no JSON (then always 400), or wrong members."
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED", 405, 405, True, "GET for queries, POST for all; a mutation by GET."
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE", 406, 406, True, "`Accept` names nothing that is spoken here."
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT", 408, 408, True, "The body took longer than `[limits] body_seconds`."
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE", 413, 413, True, "More than `[limits] body_bytes`, in a body or a URL."
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE", 415, 415, True, "The body has to be JSON in UTF-8."

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED", 400, 400, False, "The document's syntax is wrong."
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED", 400, 422, False, "The document does not fit the schema."
    OPERATION_RESOLUTION_FAILURE = (
        "OPERATION_RESOLUTION_FAILURE", 400, 422, False, "`operationName` is missing, or names no operation."
    )  # fmt: skip
    BAD_USER_INPUT = "BAD_USER_INPUT", 400, 422, False, "A variable or an argument has a value that cannot be."

    PERSISTED_QUERY_NOT_FOUND = (
        "PERSISTED_QUERY_NOT_FOUND", 200, 200, True, "Unknown hash: send the document along, once."
    )  # fmt: skip
    PERSISTED_QUERY_NOT_SUPPORTED = (
        "PERSISTED_QUERY_NOT_SUPPORTED", 200, 200, True, "Only version 1 of persisted queries is."
    )  # fmt: skip
    PERSISTED_QUERY_NOT_IN_LIST = "PERSISTED_QUERY_NOT_IN_LIST", 400, 422, False, "No trusted document has that id."
    QUERY_NOT_IN_SAFELIST = "QUERY_NOT_IN_SAFELIST", 400, 422, False, "Only trusted documents are executed."

    MAX_SOURCE_LENGTH_LIMIT = "MAX_SOURCE_LENGTH_LIMIT", 400, 422, False, "`[limits] source_characters`."
    MAX_TOKENS_LIMIT = "MAX_TOKENS_LIMIT", 400, 422, False, "`[limits] tokens`."
    MAX_COMMENTS_LIMIT = "MAX_COMMENTS_LIMIT", 400, 422, False, "`[limits] comments`."
    MAX_OPERATIONS_LIMIT = "MAX_OPERATIONS_LIMIT", 400, 422, False, "`[limits] operations`."
    MAX_FRAGMENTS_LIMIT = "MAX_FRAGMENTS_LIMIT", 400, 422, False, "`[limits] fragments`."
    MAX_DEPTH_LIMIT = "MAX_DEPTH_LIMIT", 400, 422, False, "`[limits] depth`, or `introspection_depth`."
    MAX_ALIASES_LIMIT = "MAX_ALIASES_LIMIT", 400, 422, False, "`[limits] aliases`."
    MAX_ROOT_FIELDS_LIMIT = "MAX_ROOT_FIELDS_LIMIT", 400, 422, False, "`[limits] root_fields`."
    MAX_DIRECTIVES_LIMIT = "MAX_DIRECTIVES_LIMIT", 400, 422, False, "`[limits] directives`."
    MAX_SELECTIONS_LIMIT = (
        "MAX_SELECTIONS_LIMIT", 400, 422, False, "`[limits] selections`."
    )  # fmt: skip
    MAX_REPRESENTATIONS_LIMIT = (
        "MAX_REPRESENTATIONS_LIMIT", 400, 422, False, "`[limits] representations`."
    )  # fmt: skip
    COST_ESTIMATED_TOO_EXPENSIVE = (
        "COST_ESTIMATED_TOO_EXPENSIVE",
        400,
        422,
        False,
        "`[limits] cost`, or `introspection_cost`.",
    )

    CURSOR_INVALID = "CURSOR_INVALID", 0, 0, False, "`after` is no cursor of ours, or was changed."
    CURSOR_MISMATCH = "CURSOR_MISMATCH", 0, 0, False, "`after` belongs to another input or order."
    SOURCE_ERROR = "SOURCE_ERROR", 0, 0, False, "One field could not be had from its source; the rest is there."
    PLATFORM_CALL_ERROR = "PLATFORM_CALL_ERROR", 0, 0, False, "`/spaces/graphql`: its source did not answer in full."
    FORBIDDEN = "FORBIDDEN", 0, 0, False, "The operator does not allow it."
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR", 500, 500, True, "A fault of ours, logged under its reference."


class RefusedError(Exception):
    """A request that is not executed, with what is wrong in it."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


def coded(code: ErrorCode, message: str, nodes: Node | Sequence[Node] | None = None) -> GraphQLError:
    """An error with a code."""
    return GraphQLError(message, nodes, extensions={"code": code})


def refused(code: ErrorCode, message: str, nodes: Node | Sequence[Node] | None = None) -> RefusedError:
    """For one reason."""
    return RefusedError([coded(code, message, nodes)])
