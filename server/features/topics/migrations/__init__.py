"""The upgrades of the tables of topics."""
