"""What people do: one folder a feature, found by its name."""
