"""The upgrades of the tables of notes."""
