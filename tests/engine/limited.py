"""A small schema that may go round in circles, unlike ours, and documents that reach each limit exactly."""

from collections.abc import Callable, Mapping

from graphql import GraphQLSchema, build_schema

from engine.documents import Documents
from engine.errors import ErrorCode, RefusedError
from engine.limits import Limits

SCHEMA: GraphQLSchema = build_schema(
    """
    directive @cost(weight: Int!) on FIELD_DEFINITION | OBJECT
    directive @listSize(
      assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true
    ) on FIELD_DEFINITION
    scalar Key
    type Query {
      runs(first: Int = 50, after: String): Runs
        @cost(weight: 50) @listSize(slicingArguments: ["first"], sizedFields: ["edges", "nodes"])
      entities(keys: [Key!]!): [Run]!
      tags: [String]
      twice: [Run] @listSize(assumedSize: 2)
      self: Query
      leaf: Int
      FIELDS
    }
    type Runs { nodes: [Run] edges: [Edge!] total: Int sources: [String!] }
    type Edge { cursor: String node: Run }
    type Run { id: ID steps(first: Int = 100): Steps next: Run owner: Owner }
    type Steps { nodes: [Step] total: Int }
    type Step { name: String }
    type Owner @cost(weight: 7) { name: String }
    type Mutation { leaf: Int }
    """.replace("FIELDS", " ".join(f"f{one}: Int" for one in range(210)))
)


def documents(**limits: int) -> Documents:
    return Documents(SCHEMA, Limits(**limits))


def codes(read: Documents, text: str, variables: Mapping[str, object] | None = None) -> list[ErrorCode]:
    """The codes that a document is refused with; none when it may be executed."""
    try:
        read.check(read.read(text).operation(None), variables or {})
    except RefusedError as refusal:
        return [error.extensions["code"] for error in refusal.errors if error.extensions]
    return []


def operations(count: int) -> str:
    return " ".join(f"query Q{index} {{ leaf }}" for index in range(count))


def fragments(count: int) -> str:
    spreads = " ".join(f"...F{index}" for index in range(count))
    return f"{{ self {{ {spreads} }} }}" + "".join(f" fragment F{one} on Query {{ leaf }}" for one in range(count))


def levels(count: int) -> str:
    return "{ self" * (count - 1) + " { leaf" + " }" * count


def introspected_levels(count: int) -> str:
    return "{ __schema { types { fields { type { name " + "ofType { name " * (count - 5) + "}" * count


def selections(count: int) -> str:
    """Through a fragment of a hundred: 101 each time that it is spread, and 1 for `self`."""
    times, rest = divmod(count - 1, 101)
    body = "...F " * times + fields(rest)
    return f"{{ self {{ {body} }} }} fragment F on Query {{ {fields(100)} }}"


def fields(count: int) -> str:
    return " ".join(f"f{one}" for one in range(count))


REACHES: Mapping[str, tuple[Callable[[int], str], ErrorCode]] = {
    "source_characters": ("{ leaf }".ljust, ErrorCode.MAX_SOURCE_LENGTH_LIMIT),
    "tokens": (lambda n: f"{{ entities(keys: [{'1 ' * (n - 12)}]) {{ id }} }}", ErrorCode.MAX_TOKENS_LIMIT),
    "comments": (lambda count: "#\n" * count + "{ leaf }", ErrorCode.MAX_COMMENTS_LIMIT),
    "operations": (operations, ErrorCode.MAX_OPERATIONS_LIMIT),
    "fragments": (fragments, ErrorCode.MAX_FRAGMENTS_LIMIT),
    "directives": (lambda n: f"{{ self {{ {'leaf @include(if: true) ' * n} }} }}", ErrorCode.MAX_DIRECTIVES_LIMIT),
    "aliases": (lambda n: f"{{ self {{ {' '.join(f'a{i}: leaf' for i in range(n))} }} }}", ErrorCode.MAX_ALIASES_LIMIT),
    "root_fields": (lambda count: f"{{ {'leaf ' * count} }}", ErrorCode.MAX_ROOT_FIELDS_LIMIT),
    "depth": (levels, ErrorCode.MAX_DEPTH_LIMIT),
    "selections": (selections, ErrorCode.MAX_SELECTIONS_LIMIT),
    "introspection_depth": (introspected_levels, ErrorCode.MAX_DEPTH_LIMIT),
    "introspection_cost": (
        lambda n: f"{{ __schema {{ {'description ' * n} }} }}",
        ErrorCode.COST_ESTIMATED_TOO_EXPENSIVE,
    ),
    "first": (lambda count: f"{{ runs(first: {count}) {{ nodes {{ id }} }} }}", ErrorCode.BAD_USER_INPUT),
    "representations": (
        lambda count: f"{{ entities(keys: [{'1 ' * count}]) {{ id }} }}",
        ErrorCode.MAX_REPRESENTATIONS_LIMIT,
    ),
    "cost": (
        lambda n: f"{{ runs(first: {(n - 51) // 2}) {{ nodes {{ id }} {'total ' * ((n - 51) % 2 + 1)} }} }}",
        ErrorCode.COST_ESTIMATED_TOO_EXPENSIVE,
    ),
}
"For each limit: a document of exactly that size, and the code it is refused with."
