"""Liveroom: rooms where a host streams and sells, and viewers comment and buy live."""

__version__ = "0.1.0"
