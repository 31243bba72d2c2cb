"""The upgrades of the tables of ties."""
