"""The settings of the selection centre."""

from server.settings.section import Section, days_kept, limit


class OfferSettings(Section):
    """Offers of merchants, and what hosts pick of them."""

    offers_max: int = limit(20_000, 1, 1_000_000, "Offers of a merchant, closed ones included.")
    offer_days_max: int = limit(
        366, 1, 3660, "How far ahead an offer may end; a pick keeps its terms until then."
    )
    picks_max: int = limit(2000, 1, 100_000, "Picks of a host, dropped ones not included.")
    requests_per_pair_day: int = limit(
        5, 1, 1000, "Requests of a host to one merchant in 24 hours, and of a merchant to one host."
    )
    least_orders: int = limit(
        20, 1, 100_000, "Orders below which a share of them is not told: too few to tell."
    )


class RequestKeeping(Section):
    """How long requests are kept; a field of the section of the records."""

    keep_requests_days: float = days_kept(
        "Days after its last change when a request between host and merchant ends, with the "
        "invitation that it may be"
    )
