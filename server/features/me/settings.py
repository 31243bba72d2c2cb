"""The settings of what a user keeps here."""

from server.settings.section import Section, limit


class MeSettings(Section):
    """What a user sees and keeps under /v1/me."""

    addresses_max: int = limit(10, 1, 100, "Addresses in one user's book.")
