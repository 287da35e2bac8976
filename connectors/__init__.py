"""Sources of run history behind one protocol. Knows nothing of GraphQL."""
