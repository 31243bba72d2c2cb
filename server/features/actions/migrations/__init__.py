"""The upgrades of the tables of `actions`."""
