"""The upgrades of the table of featured slots."""
