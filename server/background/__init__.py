"""Tasks that run by themselves: who owns them, and what is said when they fail."""
