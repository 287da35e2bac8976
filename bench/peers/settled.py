"""The garbage collector of every Python server, set by the application's own function: none gains or loses by it."""

from serving.collector import settle

__all__ = ["settle"]
