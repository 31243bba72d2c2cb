"""Who this worker need not ask the store about before each command in a fan group."""


class Insiders:
    """Users who belonged to a fan group when the store was last asked, and have not left since.

    That somebody left is told on the bus in the same step that notes it, so an answer may be kept
    while the bus is heard. `doubts` rises with all that may have overtaken an answer on its way.
    """

    __slots__ = ("_users", "doubts")

    def __init__(self) -> None:
        self._users: set[str] = set()
        self.doubts = 0

    def __contains__(self, user: str) -> bool:
        return user in self._users

    def add(self, user: str, doubts: int) -> None:
        """The store was asked when `doubts` stood like this, and the user belongs to the group."""
        if doubts == self.doubts:
            self._users.add(user)

    def forget(self, user: str) -> None:
        """No connection of the user is left here."""
        self._users.discard(user)

    def lose(self, user: str) -> None:
        """The user may belong to the group no longer."""
        self._users.discard(user)
        self.doubts += 1

    def clear(self) -> None:
        """The bus may have told of somebody in vain."""
        self._users.clear()
        self.doubts += 1
