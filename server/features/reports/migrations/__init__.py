"""The upgrades of the tables of `reports`."""
