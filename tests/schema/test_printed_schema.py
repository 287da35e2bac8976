"""The schema as clients see it. A change shows in the snapshot: read that diff as a client would."""

from graphql import GraphQLInterfaceType, GraphQLNamedType, GraphQLObjectType, print_schema

from app import build_schema
from connectors.registry import find_providers
from tests.snapshots import SCHEMA, printed_schema

STANDARD = {"Query", "Mutation"}


def test_the_printed_schema_is_the_snapshot() -> None:
    assert printed_schema() == SCHEMA.read_text(encoding="utf-8"), "make snapshots, and read the diff"


def test_every_type_has_a_description() -> None:
    schema = build_schema(find_providers())

    bare = [name for name, kind in schema.type_map.items() if is_ours(kind) and not kind.description]
    assert not bare


def is_ours(kind: GraphQLNamedType) -> bool:
    return (
        "__" not in kind.name
        and not kind.name.startswith("_")
        and kind.name not in {*STANDARD, "String", "Int", "Float", "Boolean", "ID"}
    )


def test_query_has_one_field_of_ours() -> None:
    query = build_schema(find_providers()).query_type

    assert query is not None
    assert [name for name in query.fields if not name.startswith("_")] == ["executionHistory"]


def test_no_type_leads_back_to_itself() -> None:
    """A cycle would let a short document ask for an answer without end."""
    schema = build_schema(find_providers())

    def walk(kind: GraphQLNamedType, above: tuple[str, ...]) -> None:
        assert kind.name not in above, " -> ".join((*above, kind.name))
        if isinstance(kind, GraphQLInterfaceType):
            for possible in schema.get_possible_types(kind):
                walk(possible, above)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field in kind.fields.values():
                named = getattr(field.type, "of_type", field.type)
                while hasattr(named, "of_type"):
                    named = named.of_type
                walk(named, (*above, kind.name))

    assert schema.query_type is not None
    walk(schema.query_type, ())


def test_the_schema_is_the_same_whatever_is_configured() -> None:
    assert print_schema(build_schema(find_providers())) == print_schema(build_schema(find_providers()))
