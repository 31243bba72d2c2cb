"""What happens in a room: one module a feature, each with its commands, its rules, its events."""
