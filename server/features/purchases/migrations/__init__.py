"""The upgrades of the tables of purchases."""
