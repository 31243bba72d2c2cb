"""The upgrades of the tables of accounts."""
