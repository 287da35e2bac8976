"""Editions of GraphQL over HTTP: which status and media type an answer has.

The drafts, which clients and audits know, keep 200 for whoever accepts plain JSON. The edition of September 2026 tells
everybody by the status, and has one for answers that are not whole.
"""

from enum import StrEnum

from engine.errors import ErrorCode
from serving.media import GRAPHQL, JSON

PARTIAL = 294
"Data and errors, in the edition of September 2026."


class Edition(StrEnum):
    """`[server] http_edition`."""

    DRAFTS = "drafts"
    SEPTEMBER_2026 = "2026-09"

    def of_refusal(self, code: ErrorCode, media_type: str, is_malformed: bool) -> tuple[int, str]:
        """Status and media type for a request that was not executed, by its first error's code."""
        status = code.status_2026 if self is Edition.SEPTEMBER_2026 and not is_malformed else code.status
        if code.of_http or media_type == GRAPHQL:
            return status, media_type
        if self is Edition.DRAFTS:
            return 200, JSON
        return status, GRAPHQL  # plain JSON that is no 200 may be of anybody on the way

    def of_answer(self, has_errors: bool, media_type: str) -> int:
        """Status of an answer with data."""
        return PARTIAL if has_errors and self is Edition.SEPTEMBER_2026 and media_type == GRAPHQL else 200
