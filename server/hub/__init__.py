"""Output to viewers: a room's audience on this worker, delivery classes, ticks, sampling."""
