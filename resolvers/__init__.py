"""SDL fields bound to Python. Opens no connection, and names no provider."""
