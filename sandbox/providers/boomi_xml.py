"""What Boomi answers to a client that does not ask for JSON: the same as XML."""

from xml.sax.saxutils import escape, quoteattr

from sandbox.model import JSON


def to_xml(body: JSON) -> str:
    """A body as XML."""
    kind = body.get("@type", "Error")
    inner = "".join(_element(name, value) for name, value in body.items() if name != "@type")
    space = 'xmlns:bns="http://api.platform.boomi.com/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><bns:{kind} {space}>{inner}</bns:{kind}>'


def _element(name: str, value: JSON) -> str:
    if isinstance(value, list) and value and value[0] == "Long":
        return _element(name, value[1])
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        kind = f" xsi:type={quoteattr('bns:' + str(value['@type']))}" if "@type" in value else ""
        inner = "".join(_element(key, inner) for key, inner in value.items() if key != "@type")
        return f"<bns:{name}{kind}>{inner}</bns:{name}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<bns:{name}>{escape(text)}</bns:{name}>"
