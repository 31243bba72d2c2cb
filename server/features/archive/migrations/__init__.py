"""The upgrades of the archive's tables."""
