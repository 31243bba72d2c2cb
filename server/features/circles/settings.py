"""The settings of circles."""

from server.settings.section import Section, limit


class CommunitySettings(Section):
    """Who follows a host, who reserved a place, and how they hear of a start."""

    fans_max: int = limit(
        5_000_000, 1, 100_000_000, "People who follow a host or ever did; no more can follow."
    )
    host_log_len_max: int = limit(
        1_000_000, 100, 100_000_000, "Changes of who follows a host that are kept."
    )
    reserved_max: int = limit(1_000_000, 1, 100_000_000, "Reservations of one room.")
    batch_max: int = limit(200, 1, 1000, "Follows, or reservations, sent to Redis in one call.")
    batch_waiting_max: int = limit(
        20_000, 1, 1_000_000, "Of these waiting on a worker; more are answered `unavailable`."
    )
    changes_per_user_per_s: float = limit(
        0.2,
        0.001,
        1000,
        "How often a user may follow or unfollow on average, over all rooms of a worker; likewise "
        "reserve or give up, and join or leave a fan group.",
    )
    changes_burst: int = limit(10, 1, 100_000, "Such changes of one kind a user may make at once.")
    announce_page_users_max: int = limit(
        500, 1, 5000, "Users in one line of the ledger that announces a start."
    )
    announce_repeats: int = limit(
        5, 1, 100, "How often workers are signalled that a room went live."
    )
    announce_repeat_s: float = limit(3, 0.05, 60, "Time between two such signals.")


class GroupSettings(Section):
    """Fan groups."""

    members_max: int = limit(50_000, 1, 1_000_000, "Members of one fan group.")
    recent_comments_max: int = limit(
        200, 0, 1000, "Comments of a fan group shown to a member who joins."
    )
