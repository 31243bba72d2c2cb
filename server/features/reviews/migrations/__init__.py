"""The upgrades of the tables of `me`."""
