"""The upgrades of the search's tables."""
