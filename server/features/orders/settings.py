"""The settings of orders."""

from server.settings.section import Section, limit


class OrderSettings(Section):
    """Sales and what may be bought."""

    qty_max: int = limit(100, 1, 10_000, "Units in one order line.")
    lines_max: int = limit(20, 1, 200, "Lines in one order.")
    per_user_max: int = limit(1000, 1, 1_000_000, "Largest per-user limit a sale may set.")
    stock_max: int = limit(1_000_000, 1, 1_000_000_000, "Largest stock of a sale.")
    hold_s_min: int = limit(5, 1, 3600, "Shortest time a sale may hold unpaid units.")
    hold_s_max: int = limit(3600, 1, 604_800, "Longest time a sale may hold unpaid units.")
    standing_hold_s_max: int = limit(
        86_400, 1, 604_800, "Longest time a standing sale may hold unpaid units."
    )
    orders_per_user_max: int = limit(200, 1, 100_000, "Orders of a user in one room.")
    own_orders_max: int = limit(
        50,
        1,
        100_000,
        "Orders of a user in one room, the newest, that are listed whatever became of them; of "
        "older ones, those cancelled or expired are left out.",
    )
    sales_max: int = limit(200, 1, 10_000, "Sales in one room, auctions among them.")
    fair_window_ms: int = limit(
        300,
        0,
        10_000,
        "Time at the start of a sale in which buys are gathered and then drawn in random order; "
        "0 is first come, first served.",
    )
    draw_entries_max: int = limit(50_000, 1, 1_000_000, "Buys gathered for one draw.")
    waitlist_max: int = limit(1000, 0, 100_000, "Buyers who may queue for one sold-out sale.")
    offer_hold_s: int = limit(
        30,
        1,
        3600,
        "Time a buyer from the waiting list of a flash sale has to pay what came back; of a "
        "standing sale, as long as any buyer of it.",
    )
    batch_max: int = limit(200, 1, 1000, "Buys, or payments, sent to Redis in one call.")
    batch_waiting_max: int = limit(
        20_000,
        1,
        1_000_000,
        "Buys waiting on a worker, and likewise payments; more are answered `unavailable`.",
    )

    def freeing_args(self) -> dict[str, int]:
        """Return what every script is told in which units may come back: whoever waits is offered
        them."""
        return {
            "orders_per_user_max": self.orders_per_user_max,
            "offer_hold_s": self.offer_hold_s,
        }
