"""Bytes out: a room's audience on this worker, delivery classes, tick, sampling."""
