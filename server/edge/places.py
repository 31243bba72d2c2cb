"""Counts the open sockets of one kind, in all and by address."""

from collections import Counter

from server.settings.sections import Edge as EdgeSettings


class Places:
    """Counts sockets in all and per address, against the limits."""

    def __init__(self, limits: EdgeSettings) -> None:
        self._limits = limits
        self._taken = 0
        self._by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken

    def add(self, address: str) -> None:
        """Count one more socket."""
        self._taken += 1
        self._by_address[address] += 1

    def remove(self, address: str) -> None:
        """Count one socket less."""
        self._taken -= 1
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]

    def why_full(self, address: str) -> str:
        """Why this address may open no further socket; empty if it may."""
        if self._taken >= self._limits.connections_max:
            return f"This worker holds {self._limits.connections_max} connections already."
        per_address = self._limits.connections_per_address_max
        if per_address and self._by_address[address] >= per_address:
            return f"Your address has {per_address} connections already."
        return ""
