"""The upgrades of the tables of figures."""
