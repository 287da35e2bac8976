"""GraphQL over HTTP, and what people and machines find beside it."""
