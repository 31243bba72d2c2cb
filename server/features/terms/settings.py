"""The setting of the terms on which goods are sold."""

from server.settings.section import Section, limit


class FeeSettings(Section):
    """The share of a sale that the platform takes."""

    platform_fee_bps: int = limit(
        0, 0, 10_000,
        "The platform's share of what is sold, in basis points (100 is one percent): of a host's "
        "own goods, and of a merchant's unless the merchant has a share of its own.",
    )  # fmt: skip
