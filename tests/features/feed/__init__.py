"""The feed, whole."""
