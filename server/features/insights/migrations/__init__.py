"""The upgrades of the tables of insights."""
