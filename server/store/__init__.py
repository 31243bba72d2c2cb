"""Redis: the names of keys, the scripts, the bus between workers, and the private Redis."""
