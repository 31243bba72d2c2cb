"""The upgrades of the tables of `feed`."""
