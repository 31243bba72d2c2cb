"""The upgrades of the tables of webhooks."""
