"""Documents, from text to what can be executed: parsed, measured, validated once, and remembered by their exact text.

Each step is cheaper than the next, and bounds what the next may cost: length, tokens and comments while parsing;
depth, aliases and the like over the parsed text; the language's rules; and for each request, the cost of its values.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    ValidationContext,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from graphql.validation import OverlappingFieldsCanBeMergedRule

from engine.cost import Estimate
from engine.errors import ErrorCode, RefusedError, coded, refused
from engine.introspection import introspection_sizes
from engine.limits import Limits
from engine.shape import check_shape
from engine.sums import Cost, Size, value_of
from engine.tidy import tidied, unchained
from engine.variables import coerce_variables

REMEMBERED = 256 * 1024
"Characters of documents, which take about 150 bytes each once parsed."

PASSED = (
    (re.compile(r"contains more than \d+ tokens"), ErrorCode.MAX_TOKENS_LIMIT),
    (re.compile(r"contains more than \d+ comments"), ErrorCode.MAX_COMMENTS_LIMIT),
    (re.compile(r"nested too deeply"), ErrorCode.MAX_DEPTH_LIMIT),
)
"What the parser says when it gives up."


MAX_COMPARISONS = 10_000
"Of fields that have the same name in the answer, in pairs, each counted twice. What people write takes some hundred."


class FewerOverlappingFields(OverlappingFieldsCanBeMergedRule):
    """Gives up long before the library does, which would take a second to."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MAX_COMPARISONS


RULES = tuple(FewerOverlappingFields if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Operation:
    """One operation of a valid document."""

    document: DocumentNode
    node: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]
    cost: Cost
    pages: list[Size]
    "How many runs its root fields are asked for."
    keys: list[Size]
    "How many keys its root fields are asked by."

    @property
    def name(self) -> str | None:
        """As in `operationName`."""
        return None if self.node.name is None else self.node.name.value

    @property
    def is_query(self) -> bool:
        """Changes nothing."""
        return self.node.operation is OperationType.QUERY


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document within the limits."""

    sha256: str
    length: int
    "In characters."
    operations: list[Operation]

    def operation(self, name: str | None) -> Operation:
        """The one to execute.

        Raises:
            RefusedError: There is none of that name, or it is not said which.
        """
        if name is None:
            if len(self.operations) == 1:
                return self.operations[0]
            raise refused(ErrorCode.OPERATION_RESOLUTION_FAILURE, "operationName has to say which operation")
        for one in self.operations:
            if one.name == name:
                return one
        raise refused(ErrorCode.OPERATION_RESOLUTION_FAILURE, "operationName names no operation of the document")


@dataclass(slots=True)
class Documents:
    """The documents of one schema."""

    schema: GraphQLSchema
    limits: Limits = field(default_factory=Limits)
    _sizes: Mapping[str, float] = field(init=False, repr=False)
    _known: LRUCache[str, Document] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._sizes = introspection_sizes(self.schema)
        self._known = LRUCache(REMEMBERED, getsizeof=lambda document: document.length)

    def read(self, text: str) -> Document:
        """The document of that text.

        Raises:
            RefusedError: It is wrong, or too large.
        """
        document = self._known.get(text)
        if document is None:
            with tidied():
                document = self._prepare(text)
            if document.length <= REMEMBERED:
                self._known[text] = document
        return document

    def check(self, operation: Operation, given: Mapping[str, Any]) -> VariableValues:
        """The coerced variables of an operation that may be executed with them.

        Raises:
            RefusedError: A value is wrong, or asks for too much.
        """
        limits = self.limits
        values = coerce_variables(self.schema, operation.node, given, limits.errors)
        variables = values.coerced
        for page in operation.pages:
            if value_of(page, variables) > limits.first:
                raise refused(ErrorCode.BAD_USER_INPUT, f"first: from 1 to {limits.first}", operation.node)
        if sum(value_of(size, variables) for size in operation.keys) > limits.representations:
            said = f"the operation asks by more keys than {limits.representations}"
            raise refused(ErrorCode.MAX_REPRESENTATIONS_LIMIT, said, operation.node)
        self._afford(operation.cost.of(variables), limits.cost, "the operation", operation.node)
        return values

    def _afford(self, cost: float, limit: int, what: str, node: OperationDefinitionNode) -> None:
        if cost > limit:
            said = f"{what} may cost {cost:.0f}, more than {limit}: ask for fewer runs, steps or fields"
            raise refused(ErrorCode.COST_ESTIMATED_TOO_EXPENSIVE, said, node)

    def _prepare(self, text: str) -> Document:
        document = self._parse(text)
        check_shape(document, self.limits)
        if errors := validate(self.schema, document, RULES, max_errors=self.limits.errors, hide_suggestions=True):
            raise RefusedError([_invalid(error) for error in errors[: self.limits.errors]])
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode) and self.schema.get_root_type(node.operation) is None:
                said = f"the schema has no {node.operation.value}"
                raise refused(ErrorCode.GRAPHQL_VALIDATION_FAILED, said, node)
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        details = {name: FragmentDetails(node) for name, node in fragments.items()}
        estimate = Estimate(self.schema, fragments, self._sizes)
        operations = []
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                self._afford(estimate.introspection(node), self.limits.introspection_cost, "the introspection", node)
                cost, pages, keys = estimate.of(node), estimate.pages(node), estimate.keys(node)
                operations.append(Operation(document, node, details, cost, pages, keys))
        return Document(sha256_of(text), len(text), operations)

    def _parse(self, text: str) -> DocumentNode:
        limits = self.limits
        if len(text) > limits.source_characters:
            said = f"the document has more characters than {limits.source_characters}"
            raise refused(ErrorCode.MAX_SOURCE_LENGTH_LIMIT, said)
        try:
            return unchained(parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments))
        except GraphQLSyntaxError as error:
            said = error.message
            code = next((code for pattern, code in PASSED if pattern.search(said)), ErrorCode.GRAPHQL_PARSE_FAILED)
            told = GraphQLError(said, source=error.source, positions=error.positions, extensions={"code": code})
            raise RefusedError([told]) from None


def _invalid(error: GraphQLError) -> GraphQLError:
    if error.message == "Validation aborted.":
        return coded(ErrorCode.MAX_SELECTIONS_LIMIT, "the document names the same fields too often, or too deep")
    return coded(ErrorCode.GRAPHQL_VALIDATION_FAILED, error.message, error.nodes)


def sha256_of(text: str) -> str:
    """How a document is named by its text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
