"""One module a provider; `connectors.registry` finds them."""
