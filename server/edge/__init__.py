"""Bytes in: the listener, one connection, its limits."""
