"""How much a schema has to say of itself: the usual length of each list that introspection can ask for.

Averages, as types differ much; over the whole schema they come out right.
"""

from collections.abc import Mapping, Sequence, Sized
from itertools import chain

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
    is_wrapping_type,
)


def introspection_sizes(schema: GraphQLSchema) -> Mapping[str, float]:
    """By type and field, `__Type.fields`."""
    types = list(schema.type_map.values())
    composite = [one for one in types if isinstance(one, GraphQLObjectType | GraphQLInterfaceType)]
    inputs = [one for one in types if isinstance(one, GraphQLInputObjectType)]
    fields = [field for one in composite for field in one.fields.values()]
    directives = schema.directives
    depths = [_wrappings(one.type) for one in chain(fields, *(one.fields.values() for one in inputs))]
    abstract = [schema.get_possible_types(one) for one in types if is_abstract_type(one)]
    return {
        "__Schema.types": len(types),
        "__Schema.directives": len(directives),
        "__Type.fields": _share([one.fields for one in composite], types),
        "__Type.inputFields": _share([one.fields for one in inputs], types),
        "__Type.enumValues": _share([one.values for one in types if isinstance(one, GraphQLEnumType)], types),
        "__Type.interfaces": _share([one.interfaces for one in composite], types),
        "__Type.possibleTypes": _share(abstract, types),
        "__Type.ofType": sum(depths) / (sum(depths) + len(depths)),
        "__Field.args": _share([one.args for one in fields], fields),
        "__Directive.args": _share([one.args for one in directives], directives),
        "__Directive.locations": _share([one.locations for one in directives], directives),
    }


def _share(lists: Sequence[Sized], owners: Sized) -> float:
    return sum(map(len, lists)) / len(owners)


def _wrappings(kind: object) -> int:
    count = 0
    while is_wrapping_type(kind):
        kind = kind.of_type
        count += 1
    return count
