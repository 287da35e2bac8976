"""Which document a request means: by its text, by the hash of a trusted one, or by that of one sent before (APQ).

Hashes sent before are a convenience for clients, no fence: anybody may register one. Trusted documents are the fence.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from cachetools import LRUCache

from engine.documents import sha256_of
from engine.errors import ErrorCode, refused
from serving.request import GraphQLRequest
from serving.trusted import PREFIX, Trust, TrustedDocuments

SHA256 = re.compile(r"[0-9a-f]{64}")
REMEMBERED = 1024 * 1024
"Characters of documents that clients have registered."

log = structlog.get_logger("histograph.graphql")


@dataclass(slots=True)
class Store:
    """The documents that can be asked for by hash."""

    trusted: Mapping[str, str] = field(default_factory=dict)
    trust: Trust = Trust.OFF
    _sent: LRUCache[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._sent = LRUCache(REMEMBERED, getsizeof=len)

    @classmethod
    def of(cls, settings: TrustedDocuments | None) -> "Store":
        """As the operator has set it."""
        return cls() if settings is None else cls(settings.file.documents, settings.mode)

    def text(self, asked: GraphQLRequest) -> str:
        """The document's text.

        Raises:
            RefusedError: It is unknown, not trusted, or not said.
        """
        if asked.document_id is not None:
            return self._by_id(asked.document_id, asked.query)
        persisted = (asked.extensions or {}).get("persistedQuery")
        if persisted is not None:
            return self._by_hash(_sha256(persisted), asked.query)
        if asked.query is None:
            raise refused(ErrorCode.BAD_REQUEST, "a request has a query, or the id of a document")
        return self._allowed(asked.query)

    def keep(self, asked: GraphQLRequest, text: str) -> None:
        """Remembers a document that came with its hash and was found to be valid."""
        if asked.document_id is None and "persistedQuery" in (asked.extensions or {}) and len(text) <= REMEMBERED:
            self._sent[sha256_of(text)] = text

    def _by_id(self, document_id: str, query: str | None) -> str:
        known = self.trusted.get(document_id.removeprefix(PREFIX).lower())
        if known is None:
            raise refused(ErrorCode.PERSISTED_QUERY_NOT_IN_LIST, "no trusted document has this documentId")
        if query is not None and query != known:
            raise refused(ErrorCode.BAD_REQUEST, "query is not the document of documentId; send one of them")
        return known

    def _by_hash(self, sha256: str, query: str | None) -> str:
        if query is not None:
            if sha256_of(query) != sha256:
                raise refused(ErrorCode.BAD_REQUEST, "sha256Hash is not the hash of query")
            return self._allowed(query)
        known = self.trusted.get(sha256)
        if known is None and self.trust is Trust.ENFORCE:
            raise refused(ErrorCode.PERSISTED_QUERY_NOT_IN_LIST, "no trusted document has this hash")
        known = self._sent.get(sha256) if known is None else known
        if known is None:
            raise refused(ErrorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        return self._allowed(known)

    def _allowed(self, text: str) -> str:
        if self.trust is Trust.OFF:
            return text
        sha256 = sha256_of(text)
        if sha256 not in self.trusted:
            if self.trust is Trust.ENFORCE:
                raise refused(ErrorCode.QUERY_NOT_IN_SAFELIST, "only trusted documents are executed here")
            log.warning("document is not trusted", document=sha256)
        return text


def _sha256(persisted: object) -> str:
    """The hash in `extensions.persistedQuery`, in the first version of Apollo's protocol."""
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise refused(ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
    sha256 = persisted.get("sha256Hash")
    if not isinstance(sha256, str) or SHA256.fullmatch(sha256.lower()) is None:
        raise refused(ErrorCode.BAD_REQUEST, "sha256Hash has to be 64 hexadecimal digits")
    return sha256.lower()
