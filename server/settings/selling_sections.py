"""Limits and choices of what is sold: orders, coupons, money, and telling other systems."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from server.settings.section import (
    SIGNING_SECRET_BYTES_MIN,
    Section,
    limit,
    long_enough,
    secret_words,
)


class Orders(Section):
    """Flash sales and what may be bought."""

    qty_max: int = limit(100, 1, 10_000, "Units in one order line.")
    lines_max: int = limit(20, 1, 200, "Lines in one order.")
    key_chars_max: int = limit(64, 8, 256, "Longest idempotency key.")
    per_user_max: int = limit(1000, 1, 1_000_000, "Largest per-user limit a sale may set.")
    stock_max: int = limit(1_000_000, 1, 1_000_000_000, "Largest stock of a sale.")
    price_max: int = limit(
        100_000_000_000, 1, 1_000_000_000_000, "Highest price, in the currency's minor unit."
    )
    hold_s_min: int = limit(5, 1, 3600, "Shortest time a sale may hold unpaid units.")
    hold_s_max: int = limit(3600, 1, 604_800, "Longest time a sale may hold unpaid units.")
    orders_per_user_max: int = limit(200, 1, 100_000, "Orders of a user in one room.")
    own_orders_max: int = limit(
        50,
        1,
        100_000,
        "Orders of a user in one room, the newest, that are listed whatever became of them; of "
        "older ones, those cancelled or expired are left out.",
    )
    sweep_interval_ms: int = limit(500, 10, 60_000, "How often ended holds are looked for.")
    sweep_lap_s: float = limit(
        5, 0.05, 600, "How often ended holds are looked for in rooms no viewer here is in."
    )
    sweep_batch_max: int = limit(200, 1, 10_000, "Holds ended in one step.")
    sales_max: int = limit(200, 1, 10_000, "Sales in one room.")
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
        30, 1, 3600, "Time a buyer from the waiting list has to pay what came back."
    )
    batch_max: int = limit(200, 1, 1000, "Buys sent to Redis in one call.")
    batch_waiting_max: int = limit(
        20_000, 1, 1_000_000, "Buys waiting on a worker; more are answered `unavailable`."
    )


class Coupons(Section):
    """Money off an order."""

    coupons_max: int = limit(50, 1, 1000, "Coupons in one room; whoever joins is sent them all.")
    title_chars_max: int = limit(60, 1, 200, "Longest title of a coupon.")
    quota_max: int = limit(100_000, 1, 1_000_000, "Largest number given out of one coupon.")
    per_user_max: int = limit(10, 1, 100, "Largest number one user may have of a coupon.")
    skus_max: int = limit(50, 1, 100, "Products a coupon may be limited to.")
    batch_max: int = limit(200, 1, 1000, "Claims sent to Redis in one call.")
    batch_waiting_max: int = limit(
        20_000, 1, 1_000_000, "Claims waiting on a worker; more are answered `unavailable`."
    )


class Payments(Section):
    """Who takes the money."""

    provider: Literal["sandbox", "webhook"] = Field(
        "sandbox",
        description="sandbox takes no money, for demos and tests; webhook waits for signed "
        "messages of the real provider.",
    )
    sandbox_delay_ms: int = limit(0, 0, 60_000, "Time the sandbox takes to answer.")
    refund_retry_s: float = limit(30, 0.05, 86_400, "Time before a refund is tried again.")

    webhook_secret: SecretStr | None = Field(
        None,
        json_schema_extra=secret_words(SIGNING_SECRET_BYTES_MIN),
        description="Secret the payment provider signs with; none refuses every message.",
    )
    tolerance_s: float = limit(300, 1, 86_400, "Age a signed message may have.")

    @field_validator("webhook_secret")
    @classmethod
    def _secret_islong_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return long_enough(secret, SIGNING_SECRET_BYTES_MIN)


class Outbox(Section):
    """Tells every change of orders, stock and payments to another system."""

    url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Where ledger lines are posted; empty posts nothing.",
    )
    secret: SecretStr | None = Field(
        None,
        json_schema_extra=secret_words(SIGNING_SECRET_BYTES_MIN),
        description="Secret the posts are signed with; none leaves them unsigned.",
    )
    interval_s: float = limit(1, 0.01, 60, "Pause when there was nothing to post.")
    timeout_s: float = limit(10, 0.05, 300, "Time a post may take.")
    retry_s: float = limit(
        5, 0.01, 3600, "Pause before the first retry; each further one is twice as long."
    )
    tries_max: int = limit(10, 1, 1000, "Posts of an entry before it is given up.")
    batch_max: int = limit(50, 1, 1000, "Entries taken at once.")

    @field_validator("secret")
    @classmethod
    def _secret_islong_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return long_enough(secret, SIGNING_SECRET_BYTES_MIN)
