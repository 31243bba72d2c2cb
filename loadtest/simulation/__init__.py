"""A room simulated event by event: workers, Redis, relays and links, at their measured costs.

`clock` is the engine, `worker`, `shard` and `relay` are the stations, `scene` puts them together,
`plans` has the scenes of a million viewers; `python -m loadtest simulate` runs them.
"""
