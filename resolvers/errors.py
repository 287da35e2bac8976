"""The caller's mistakes, as GraphQL errors with a code in `extensions`. A source's trouble is data instead."""

from graphql import GraphQLError

from connectors.errors import ConnectorError


class CallerError(GraphQLError):
    """A mistake that the caller can mend."""

    def __init__(self, message: str, code: str) -> None:
        """Takes a code of Apollo's where there is one."""
        super().__init__(message, extensions={"code": code})


def bad_input(message: str) -> CallerError:
    """A value that cannot be."""
    return CallerError(message, "BAD_USER_INPUT")


def cursor_invalid() -> CallerError:
    """Not a cursor of ours, or one that was changed."""
    return CallerError("after: not a cursor of this list; ask for the first page again", "CURSOR_INVALID")


def cursor_mismatch() -> CallerError:
    """A cursor of another list."""
    return CallerError(
        "after: this cursor belongs to another input or order; ask with those, or for the first page", "CURSOR_MISMATCH"
    )


class FieldFailedError(GraphQLError):
    """One field of one run could not be had from its source."""

    def __init__(self, source: str, error: ConnectorError) -> None:
        """Takes what the source said."""
        extensions = {"code": "SOURCE_ERROR", "source": source, "sourceErrorCode": error.code.value}
        super().__init__(f"{source}: {error.message}", extensions=extensions)
