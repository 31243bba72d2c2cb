"""The settings of shelf, in the section of the rooms."""

from server.settings.section import Section, limit


class ShelfSettings(Section):
    """The shelf of a room."""

    shelf_products_max: int = limit(2000, 1, 10_000, "Products on a shelf.")
    shelf_bytes_max: int = limit(2_097_152, 1024, 16_777_216, "Products of a shelf together.")
    shelf_shown_max: int = limit(
        50,
        1,
        1000,
        "Products of a shelf that whoever joins is sent: the pinned one, those on sale, then the "
        "first; the others are fetched.",
    )
    shelf_shown_bytes_max: int = limit(
        262_144, 1024, 16_777_216, "Those that whoever joins is sent, together."
    )

    def shown_args(self) -> dict[str, int]:
        """Return what a script with `uses: shown` is told of them."""
        return {"shown_max": self.shelf_shown_max, "shown_bytes_max": self.shelf_shown_bytes_max}


class PriceSettings(Section):
    """Bounds of prices."""

    price_max: int = limit(
        100_000_000_000, 1, 1_000_000_000_000, "Highest price, in the currency's minor unit."
    )
