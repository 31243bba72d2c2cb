"""The settings of shelf, in the section of the rooms."""

from server.settings.section import Section, limit


class ShelfSettings(Section):
    """The shelf of a room."""

    shelf_products_max: int = limit(200, 1, 10_000, "Products on a shelf.")
    shelf_bytes_max: int = limit(
        262_144,
        1024,
        16_777_216,
        "Products of a shelf together; whoever joins is sent all of them.",
    )


class PriceSettings(Section):
    """What may be asked for a thing."""

    price_max: int = limit(
        100_000_000_000, 1, 1_000_000_000_000, "Highest price, in the currency's minor unit."
    )
