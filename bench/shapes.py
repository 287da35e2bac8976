"""The three questions of the warm table: what lists show, what a page of details shows, and the same with steps."""

from msgspec import Struct
from msgspec.json import encode

LIST = """
query List {
  executionHistory(first: 20) {
    nodes { id status startedAt durationMs }
    complete
  }
}
"""

DETAILS = """
query Details {
  executionHistory(first: 100) {
    nodes {
      id provider source nativeId status rawStatus startedAt endedAt durationMs
      workflow { id name }
    }
    complete
  }
}
"""

STEPS = """
query Steps {
  executionHistory(first: 100) {
    nodes {
      id provider source nativeId status rawStatus startedAt endedAt durationMs
      workflow { id name }
      error { code message }
      steps {
        nodes { id name type status rawStatus startedAt endedAt durationMs attempts }
      }
    }
    complete
  }
}
"""


class Shape(Struct, frozen=True):
    """One question."""

    name: str
    "As in the document, and in `operationName`."
    title: str
    document: str

    @property
    def body(self) -> bytes:
        """As it is posted, with the document as text: what nobody's cache of documents may be spared to read."""
        return encode({"operationName": self.name, "query": self.document})


SHAPES = (
    Shape("List", "20 runs with 4 fields", LIST),
    Shape("Details", "100 runs with 12 fields", DETAILS),
    Shape("Steps", "100 runs with 12 fields, error, and 5 steps of 9 fields each", STEPS),
)
