"""The upgrades of the tables of sales."""
