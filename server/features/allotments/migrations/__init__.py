"""The upgrades of the tables of `allotments`."""
