"""The Spaces-compatible door: a provider's own GraphQL over its runs, answered from a source of ours.

A frontend that was written for the provider works unchanged, with our caching behind it. The headers that it sends
(`SPACE_GUID`, a bearer's token) are taken, and their values not looked at: the source has credentials of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ariadne import QueryType, make_executable_schema
from graphql import GraphQLError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.contract import Door
from engine.documents import Document, Documents
from engine.errors import ErrorCode
from engine.limits import Limits
from resolvers import scalars
from resolvers.context import Context, Info
from resolvers.history import History
from resolvers.request import HistoryRequest
from schema.model import SourceErrorCode, SourceOutcome, SourceOutcomeStatus
from serving.freshness import Freshness
from serving.handler import GraphQLEndpoint
from serving.media import JSON


def spaces_endpoint(door: Door, source: str, new_context: Callable[[], Context], limits: Limits) -> ASGIApp:
    """Answers as the provider does, from the source of that name."""
    documents = DoorDocuments(door, source, limits)
    return Unlabelled(GraphQLEndpoint(documents, new_context, Freshness(documents.schema)))


class DoorDocuments(Documents):
    """What the door's clients send, read as the provider reads it."""

    def __init__(self, door: Door, source: str, limits: Limits) -> None:
        """Takes the name of the source that answers."""
        query = QueryType()
        query.set_field(door.field, Listing(door, source).resolve)
        super().__init__(make_executable_schema(door.sdl, query, scalars.date_time), limits)
        self._door = door

    def read(self, text: str) -> Document:
        """The document that is meant."""
        return super().read(self._door.read_document(text))


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Takes what names a space for JSON, whatever it is called: the documented headers have no `Content-Type`, so that
    libraries put in one of their own. Pages of other origins cannot send that header, so nothing is opened to them.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        headers = MutableHeaders(scope=scope)
        if "space_guid" in headers:
            headers["content-type"] = JSON
        await self.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Listing:
    """The door's root field."""

    door: Door
    source: str

    async def resolve(self, _root: object, info: Info, *, input: Mapping[str, Any]) -> list[Any]:  # noqa: A002
        """The provider's records.

        Raises:
            GraphQLError: There is no word from the source. One that has told only some has an error as its last item.
        """
        page = await History(info.context, self._request(input)).page()
        info.context.pages.append(page)
        (outcome,) = (one for one in page.sources if one.source == self.source)
        missing = _missing(outcome)
        if missing is not None and outcome.status is SourceOutcomeStatus.FAILED:
            raise missing
        records = (self.door.write(run, input) for run in page.nodes)
        return [*(one for one in records if one is not None), *([] if missing is None else [missing])]

    def _request(self, given: Mapping[str, Any]) -> HistoryRequest:
        return HistoryRequest(
            query=self.door.read_input(given),
            providers=None,
            sources=frozenset({self.source}),
            ids=None,
            first=self.door.max_rows,
            after=None,
            fingerprint=b"",  # for cursors, which this door has none of
            is_filtered=True,
        )


def _missing(outcome: SourceOutcome) -> GraphQLError | None:
    """What the source did not tell. That it keeps runs for so long only is known to whoever asks by this door."""
    error = outcome.error
    if error is None or (outcome.status is SourceOutcomeStatus.PARTIAL and error.code is SourceErrorCode.UNSUPPORTED):
        return None
    code = ErrorCode.PLATFORM_CALL_ERROR
    extensions = {"code": code, "source": outcome.source, "sourceErrorCode": error.code.value}
    return GraphQLError(f"{outcome.source}: {error.message}", extensions=extensions)
