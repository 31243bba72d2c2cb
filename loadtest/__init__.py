"""Finds how much a server bears: Locust users, scenarios and reports, and fan-out beside peers."""
