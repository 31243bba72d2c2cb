"""The upgrades of the tables of offers."""
