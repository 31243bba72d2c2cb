"""The settings of auctions."""

from server.settings.section import Section, limit


class AuctionSettings(Section):
    """Auctions."""

    auctions_max: int = limit(200, 1, 10_000, "Auctions in one room.")
    lasts_s_min: int = limit(10, 1, 3600, "Shortest time an auction may be open for.")
    lasts_s_max: int = limit(86_400, 1, 604_800, "Longest time an auction may be opened for.")
    bidders_max: int = limit(10_000, 1, 1_000_000, "Bidders of one auction.")
    offers_max: int = limit(
        3,
        1,
        20,
        "Bidders who may get the unit of an auction: the winner, and while nobody has paid, those "
        "after them, each at the price of their own bid.",
    )
    bidders_shown_max: int = limit(100, 1, 1000, "Bidders that a host is shown, the highest first.")
    batch_max: int = limit(200, 1, 1000, "Bids sent to Redis in one call.")
    batch_waiting_max: int = limit(
        20_000, 1, 1_000_000, "Bids waiting on a worker; more are answered `unavailable`."
    )
