"""The values of variables, coerced as their types say. What is wrong with one is told without the value."""

import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues, get_variable_values

from engine.errors import ErrorCode, RefusedError, coded

WRONG = re.compile(r"Variable '\$(?P<name>\w+)' has invalid (?:default )?value(?: at (?P<path>[.\w\[\]]+))?: ")
REASONS = (
    (re.compile(r"Expected (?:a )?value of non-null type '([^']+)'"), "a value of type {} is required"),
    (re.compile(r"Expected value of type '[^']+' to include required field '(\w+)'"), "the field {} is required"),
    (re.compile(r"Expected value of type '[^']+' not to include unknown field '(\w+)'"), "there is no field {}"),
    (re.compile(r"Expected value of type '([^']+)'"), "not a value of type {}"),
    (re.compile(r"(?:a )?(\w+)(?: cannot represent|:| is a string)"), "not a value of type {}"),
    (re.compile(r"Enum '(\w+)' cannot represent"), "not a value of the enum {}"),
    (re.compile(r"Value '.*' does not exist in '(\w+)' enum\.$", re.DOTALL), "not a value of the enum {}"),
)
"What graphql-core says, without the value that it shows."


def coerce_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any], max_errors: int
) -> VariableValues:
    """The values, defaults included.

    Raises:
        RefusedError: One that cannot be coerced.
    """
    if not operation.variable_definitions:
        return VariableValues({}, {})
    found = get_variable_values(
        schema, operation.variable_definitions, dict(given), max_errors=max_errors, hide_suggestions=True
    )
    if isinstance(found, list):
        told = [coded(ErrorCode.BAD_USER_INPUT, without_value(error), error.nodes) for error in found[:max_errors]]
        raise RefusedError(told)
    return found


def without_value(error: GraphQLError) -> str:
    """What is wrong, and where. Values of variables may be secret, and end up in logs of clients and gateways."""
    message = error.message
    if (wrong := WRONG.match(message)) is None:
        return "the variables have too many or too deep values"
    where = f" at {wrong['path'].removeprefix('.')}" if wrong["path"] else ""
    return f"Variable '${wrong['name']}' has an invalid value{where}: {_reason(message[wrong.end() :])}"


def _reason(said: str) -> str:
    for pattern, text in REASONS:
        if (found := pattern.match(said)) is not None:
            return text.format(found[1])
    return "not a value of its type"
