"""The upgrades of the tables of `pictures`."""
