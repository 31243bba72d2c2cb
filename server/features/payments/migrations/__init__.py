"""The upgrades of the tables of payments."""
