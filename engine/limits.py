"""What one request may ask for, as numbers. Each is checked before anything is executed."""

from msgspec import Struct

MAX_FIRST = 500
"The schema's own word for `executionHistory(first:)`."


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[limits]`, in the order in which they are checked."""

    body_bytes: int = 128 * 1024
    "Of a POST's body, or of a GET's query string."
    body_seconds: float = 10.0
    "For the whole body to arrive."
    source_characters: int = 32 * 1024
    "Of a document."
    tokens: int = 1_500
    comments: int = 100
    operations: int = 10
    "In one document, as an editor sends them; one is executed."
    fragments: int = 50
    directives: int = 20
    aliases: int = 30
    root_fields: int = 10
    "Of one operation, fragments expanded."
    depth: int = 10
    "Levels of fields, fragments expanded."
    selections: int = 2_000
    "Of one operation, fragments expanded."
    introspection_depth: int = 20
    "The same under `__schema` and `__type`; the usual introspection query has 15 levels."
    introspection_cost: int = 15_000
    "What `__schema` and `__type` may tell, in values; the usual introspection query costs about 4,500."
    errors: int = 5
    "Told of one request that is refused."
    first: int = MAX_FIRST
    "Runs on one page."
    representations: int = 1_000
    "Keys that one operation asks entities by (`_entities`): about as many as a body can hold."
    cost: int = 150_000
    "Values that the answer can hold at the most, and the weights of @cost: 500 runs with 100 steps each just pass."

    def problem(self) -> str | None:
        """What is wrong with the values."""
        for name in self.__struct_fields__:
            if getattr(self, name) <= 0:
                return f"{name} has to be above 0"
        return f"first can be {MAX_FIRST} at the most" if self.first > MAX_FIRST else None
