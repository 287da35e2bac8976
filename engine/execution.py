"""Executes an operation that was found valid, with variables that were coerced: `graphql.execute` would coerce anew."""

from typing import Any

from graphql import ExecutionResult, GraphQLSchema, default_field_resolver, default_type_resolver
from graphql.execution import Executor, execute_root_selection_set
from graphql.execution.values import VariableValues
from graphql.pyutils import AwaitableOrValue

from engine.documents import Operation


def execute(
    schema: GraphQLSchema,
    operation: Operation,
    variables: VariableValues,
    context: object,
    executor: type[Executor[Any]] = Executor,
) -> AwaitableOrValue[ExecutionResult]:
    """The answer, with the errors of fields in it.

    Args:
        executor: What completes values.
    """
    made = executor(
        schema,
        {name: one.definition for name, one in operation.fragments.items()},
        operation.fragments,
        None,
        context,
        operation.node,
        variables,
        default_field_resolver,
        default_type_resolver,
        default_field_resolver,
        hide_suggestions=True,
    )
    return execute_root_selection_set(made)
