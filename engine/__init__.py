"""Runs validated operations. Knows nothing of sources."""
