"""Federation's directives as we define them are as Apollo's own composer does."""

import pytest
from graphql import DirectiveDefinitionNode, parse, print_ast

from engine.federation import DIRECTIVES, Subgraph
from tests.gateways.processes import output_of

pytestmark = pytest.mark.heavy

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [%s]) type Query { ready: Boolean }'
)


def directives(sdl: str) -> dict[str, str]:
    """By name, each in one form: locations have no order."""
    nodes = [node for node in parse(sdl).definitions if isinstance(node, DirectiveDefinitionNode)]
    found = {}
    for node in nodes:
        head, _, locations = print_ast(node).rpartition(" on ")
        found[node.name.value.removeprefix("federation__")] = f"{head} on {sorted(locations.split(' | '))}"
    return {name: text.replace("@federation__", "@") for name, text in found.items()}


async def test_every_directive_is_defined_as_apollo_does() -> None:
    status, apollos = await output_of("definitions.mjs")
    assert status == 0, apollos
    every = ", ".join(f'"@{name}"' for name in DIRECTIVES)

    assert directives("\n".join(Subgraph(LINK % every, {}).type_defs)) == directives(apollos)
