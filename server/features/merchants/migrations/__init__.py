"""The upgrades of the tables of `merchants`."""
