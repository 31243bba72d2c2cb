"""A cache of fan group members, which saves a read of the store before each command."""


class Insiders:
    """The users known to belong to a fan group: the store said so, and they have not left since.

    The step that removes a user from the group also publishes it on the bus, so an answer stays
    valid while this worker hears the bus. `doubts` counts events that may have made an answer
    outdated before it arrived.
    """

    __slots__ = ("_users", "doubts")

    def __init__(self) -> None:
        self._users: set[str] = set()
        self.doubts = 0

    def __contains__(self, user: str) -> bool:
        return user in self._users

    def add(self, user: str, doubts: int) -> None:
        """Note that the user belongs; `doubts` is the count from when the store was asked."""
        if doubts == self.doubts:
            self._users.add(user)

    def forget(self, user: str) -> None:
        """Drop a user who has no connection here any more."""
        self._users.discard(user)

    def lose(self, user: str) -> None:
        """Drop a user who may no longer belong to the group."""
        self._users.discard(user)
        self.doubts += 1

    def clear(self) -> None:
        """Drop all users: a bus message about one of them may have been lost."""
        self._users.clear()
        self.doubts += 1
