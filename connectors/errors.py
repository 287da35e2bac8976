"""Everything that leaves a connector when a source cannot answer, named by what to do about it.

ConnectorError
├── UnreachableError    no answer, or a server error    -> try again
│   ├── TimedOutError   no answer in time               -> try again
│   │   └── OutOfTimeError   the query has ended first  -> ask with more time
│   └── UntrustedError  not whom it claims to be        -> an operator must act
├── ThrottledError      over the rate limit             -> wait, then try again
├── RefusedError        401, 403                        -> an operator must act
├── MissingError        404, 410                        -> there is no such thing (any more)
├── UnsupportedError    the provider cannot do it       -> ask for something else
└── UnreadableError     an answer we cannot read        -> the mapping must change
"""

from typing import ClassVar

from schema.model import SourceError, SourceErrorCode


class ConnectorError(Exception):
    """A source's trouble. The message is shown to callers: it never holds a credential or a payload."""

    code: ClassVar[SourceErrorCode]
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        reference: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Takes the provider's HTTP status and support reference, and the seconds it asks to wait."""
        super().__init__(message)
        self.message = message
        self.http_status = http_status
        self.reference = reference
        self.retry_after = retry_after

    def as_data(self) -> SourceError:
        """The error as it stands in an answer."""
        return SourceError(
            code=self.code,
            message=self.message,
            retryable=self.retryable,
            retry_after_ms=None if self.retry_after is None else self.retry_after * 1000,
            http_status=self.http_status,
            reference=self.reference,
        )


class UnreachableError(ConnectorError):
    """No answer, or a server error."""

    code = SourceErrorCode.UNREACHABLE
    retryable = True


class TimedOutError(UnreachableError):
    """No answer in time."""

    code = SourceErrorCode.TIMEOUT


class OutOfTimeError(TimedOutError):
    """The query had too little time left for it: this tells nothing of the source."""


class UntrustedError(UnreachableError):
    """No TLS connection to trust: a certificate of another name, or of an unknown authority."""

    retryable = False


class ThrottledError(ConnectorError):
    """The provider's rate limit is used up."""

    code = SourceErrorCode.RATE_LIMITED
    retryable = True


class RefusedError(ConnectorError):
    """The credentials are not accepted."""

    code = SourceErrorCode.UNAUTHENTICATED


class ForbiddenError(RefusedError):
    """The credentials lack a right."""

    code = SourceErrorCode.FORBIDDEN


class MissingError(ConnectorError):
    """There is no such thing, or it is not visible to us."""

    code = SourceErrorCode.NOT_FOUND


class UnsupportedError(ConnectorError):
    """The provider cannot do what was asked, or does not accept the request."""

    code = SourceErrorCode.UNSUPPORTED


class UnreadableError(ConnectorError):
    """An answer that is not what the provider documents."""

    code = SourceErrorCode.BAD_RESPONSE


class LimitReachedError(ConnectorError):
    """A bound of ours was reached before the list was read to its end."""

    code = SourceErrorCode.LIMIT_REACHED
    retryable = True
