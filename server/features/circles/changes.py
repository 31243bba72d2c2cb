"""Limits how often one user may follow, reserve, join a group, and undo it.

Each change is stored as a fact. Without a limit, one connection that follows and unfollows again
and again could push all other facts out of a room's timeline and a host's log.
"""

import asyncio

from server.access.rate import BucketsByName
from server.features.circles.settings import CommunitySettings
from server.protocol.codes import CommandError
from server.settings import Settings

USERS_REMEMBERED_MAX = 100_000


class Changes:
    """Counts the changes of each user, over all rooms of this worker."""

    def __init__(self, settings: Settings) -> None:
        limits = settings.section(CommunitySettings)
        self._buckets = BucketsByName(
            limits.changes_per_user_per_s, limits.changes_burst, USERS_REMEMBERED_MAX
        )

    def must_not_flood(self, what: str, user: str) -> None:
        """Count one more change of `what`. CommandError `rate_limited`."""
        wait_s = self._buckets.wait_s((what, user), asyncio.get_running_loop().time())
        if wait_s > 0:
            raise CommandError(
                "rate_limited",
                "You change your mind faster than this is taken down; wait a little.",
                int(wait_s * 1000) + 1,
            )
