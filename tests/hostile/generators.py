"""Attacks that are too large to be written down. Each function gives a document, or the bytes of a body."""

import json


def doubling(power: int) -> str:
    chain = " ".join(f"fragment F{one} on Execution {{ ...F{one + 1} ...F{one + 1} }}" for one in range(power))
    return f"{{ executionHistory {{ nodes {{ ...F0 }} }} }} {chain} fragment F{power} on Execution {{ id }}"


def doubling_through_fields(power: int) -> str:
    """The same with a field between, as over a schema that goes round in circles."""
    chain = " ".join(
        f"fragment F{one} on Execution {{ a{one}: workflow {{ name }} ...F{one + 1} b: steps {{ nodes {{ id }} }}"
        f" ...F{one + 1} }}"
        for one in range(power)
    )
    return f"{{ executionHistory {{ nodes {{ ...F0 }} }} }} {chain} fragment F{power} on Execution {{ id }}"


def aliases(count: int) -> str:
    return "{" + " ".join(f"a{one}: __typename" for one in range(count)) + "}"


def aliased_histories(count: int) -> str:
    return "{" + " ".join(f"a{one}: executionHistory {{ totalCount }}" for one in range(count)) + "}"


def tokens(count: int) -> str:
    return "{ executionHistory { nodes {" + " id" * count + " } } }"


def list_literal(count: int) -> str:
    return "{ executionHistory(input: {ids: [" + '"x",' * count + "]}) { complete } }"


def comments(count: int) -> str:
    return "#\n" * count + "{ __typename }"


def long_comment(count: int) -> str:
    return "#" + "c" * count + "\n{ __typename }"


def directives(count: int) -> str:
    return "{ executionHistory { complete" + " @x" * count + " } }"


def conditions(count: int) -> str:
    return "{ executionHistory {" + " complete @include(if: true)" * count + " } }"


def conflicts(count: int) -> str:
    return "{ executionHistory { nodes {" + " same: id same: status" * count + " } } }"


def repeated(count: int) -> str:
    return "{ executionHistory { nodes {" + " workflow { id name }" * count + " } } }"


def unused_fragments(count: int) -> str:
    return "{ __typename }" + "".join(f" fragment F{one} on Execution {{ id }}" for one in range(count))


def unknown_fields(count: int) -> str:
    return "{ executionHistory { " + " ".join(f"complet{one}" for one in range(count)) + " } }"


def levels(count: int) -> str:
    return "{ workflow " * count + "}" * count


def unclosed_levels(count: int) -> str:
    return "{ a " * count


def inline_levels(count: int) -> str:
    return "{" + " ... {" * count + " __typename" + " }" * count + " }"


def introspections(count: int) -> str:
    return "{" + " ".join(f"a{one}: __schema {{ types {{ name }} }}" for one in range(count)) + "}"


def batch(count: int) -> bytes:
    return json.dumps([{"query": "{ __typename }"}] * count).encode()


def long_text(count: int) -> bytes:
    return b'{"query": "' + b"a" * count + b'"}'


def small_objects(count: int) -> bytes:
    return b'{"query": "{ __typename }", "variables": {"v": [' + b'{"a": 1},' * count + b"1]}}"


def brackets(count: int) -> bytes:
    return b"[" * count


def nested_variables(count: int) -> bytes:
    return b'{"query": "{ __typename }", "variables": {"v": ' + b"[" * count + b"]" * count + b"}}"


def ids(count: int) -> bytes:
    query = "query ($ids: [ID!]) { executionHistory(input: {ids: $ids}) { complete } }"
    return json.dumps({"query": query, "variables": {"ids": ["x"] * count}}).encode()


def keys(count: int) -> bytes:
    query = "query ($keys: [_Any!]!) { _entities(representations: $keys) { __typename } }"
    given = [{"__typename": "Execution", "id": f"x{one}"} for one in range(count)]
    return json.dumps({"query": query, "variables": {"keys": given}}).encode()


def files(count: int) -> bytes:
    """A multipart body of so many files of a kilobyte."""
    part = b'--x\r\nContent-Disposition: form-data; name="0"; filename="f"\r\n\r\n' + b"f" * 1024 + b"\r\n"
    return part * count + b"--x--\r\n"
