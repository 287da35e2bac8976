"""All that is bound to the SDL, for the one who builds the schema."""

from ariadne import SchemaBindable

from resolvers import scalars
from resolvers.execution import connection, execution, workflow
from resolvers.query import mutation, query
from resolvers.step import step


def bindables() -> list[SchemaBindable]:
    """For `make_executable_schema`, with `convert_names_case=True`."""
    return [query, mutation, execution, workflow, connection, step, scalars.date_time, scalars.json]
