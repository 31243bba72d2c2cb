"""How many sockets of a kind there are, in all and by address."""

from collections import Counter

from server.settings.sections import Edge as EdgeSettings


class Places:
    """Counts sockets, and those of each address."""

    def __init__(self, limits: EdgeSettings) -> None:
        self._limits = limits
        self._taken = 0
        self._by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken

    def add(self, address: str) -> None:
        """A socket more."""
        self._taken += 1
        self._by_address[address] += 1

    def remove(self, address: str) -> None:
        """A socket less."""
        self._taken -= 1
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]

    def why_full(self, address: str) -> str:
        """Why there is no place for a socket of this address; empty if there is one."""
        if self._taken >= self._limits.connections_max:
            return f"This worker holds {self._limits.connections_max} connections already."
        per_address = self._limits.connections_per_address_max
        if per_address and self._by_address[address] >= per_address:
            return f"Your address has {per_address} connections already."
        return ""
