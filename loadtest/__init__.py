"""How much? Locust users, scenarios and reports, and the benchmark of fan-out against peers."""
