"""The settings of what a user keeps here."""

from server.settings.section import Section, days_kept, limit


class MeSettings(Section):
    """Bounds of what a user sees and keeps under /v1/me."""

    addresses_max: int = limit(10, 1, 100, "Addresses in one user's book.")


class AddressKeeping(Section):
    """How long address books are kept; a field of the section of the records."""

    keep_addresses_days: float = days_kept(
        "Days after its last change, and its user's last order, when an address book ends"
    )
