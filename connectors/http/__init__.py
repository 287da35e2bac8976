"""HTTP in layers: each takes a client and is a client."""
