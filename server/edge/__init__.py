"""Input from clients: the listener, connections and their limits."""
